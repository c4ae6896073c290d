BeforeDiscovery {
    . "$PSScriptRoot/Rights.ps1"
}

Describe 'Start-XdpMonitor' -Tag Privileged -Skip:$unprivileged {
    BeforeAll {
        . "$PSScriptRoot/Testbed.ps1"
        $script:udp = Frame Udp4 10.0.0.1 1000 10.0.0.2 2000 100
    }

    BeforeEach {
        $script:veth = [XTrace.Testbed.VethPair]::new($true)
        $script:interface = $veth.Interface
    }

    AfterEach {
        Clear-Monitor
        $veth.Dispose()
    }

    It 'emits the monitor that it started' {
        $monitor = Start-XdpMonitor $interface
        $monitor | Should -BeOfType XTrace.XdpMonitor
        $monitor.InterfaceAlias | Should -Be $interface
        $monitor.State | Should -Be Running
        $monitor.Hook | Should -Be $tc
        $monitor.Direction | Should -Be Ingress
        $monitor.Filter | Should -BeNullOrEmpty
        $monitor.MaxFlow | Should -Be 65536
        $monitor.Packets | Should -Be 0
        ([datetime]::Now - $monitor.StartTime).TotalSeconds | Should -BeLessThan 5
        $monitor.InterfaceIndex | Should -Be (ip -j link show dev $interface | ConvertFrom-Json).ifindex
        Get-AttachPoint $interface | Should -Be "$tc ingress"
        $monitor.Path | Should -Match "^/sys/fs/bpf/xtrace/\d+/monitor:\d+/$($monitor.InterfaceIndex):ingress:$interface`$"
        $monitor.TableSlots | Should -Be ($cpus * (Get-SlotCount 65536))
        Test-Path $monitor.Path | Should -BeTrue
    }

    It 'uses the hook and the table that are asked for' {
        $monitor = Start-XdpMonitor $interface -AttachMode Generic -MaxFlow 1024
        $monitor.Hook | Should -Be XdpGeneric
        $monitor.MaxFlow | Should -Be 1024
        Send-Frame $veth $udp 3
        (Get-FlowStat $interface).Bytes | Should -Be (3 * 142)
    }

    It 'outlives its process, and any other reads and stops it' {
        Invoke-Pwsh "(Start-XdpMonitor $interface).State" | Should -Be Running
        Send-Frame $veth $udp 10
        (Get-FlowStat $interface).Packets | Should -Be 10
        Send-Frame $veth $udp 5
        Invoke-Pwsh "(Get-FlowStat $interface).Packets; (Stop-XdpMonitor $interface -PassThru).Packets" | Should -Be 15, 15
        Test-Attached $interface | Should -BeFalse
        Get-XdpMonitor "xtw$PID-*" | Should -BeNullOrEmpty
    }

    It 'refuses to start twice, and leaves the first alone' {
        $first = Start-XdpMonitor $interface
        Start-XdpMonitor $interface -ErrorAction SilentlyContinue -ErrorVariable failure | Should -BeNullOrEmpty
        $failure.FullyQualifiedErrorId | Should -Be 'MonitorExists,XTrace.PowerShell.StartXdpMonitorCommand'
        $failure.CategoryInfo.Category | Should -Be ResourceExists
        "$failure" | Should -Match '-Force'
        (Get-XdpMonitor $interface).LinkId | Should -Be $first.LinkId
    }

    It 'restarts with -Force, from zero' {
        $first = Start-XdpMonitor $interface
        Send-Frame $veth $udp 3
        $second = Start-XdpMonitor $interface -Force -MaxFlow 1024
        $second.LinkId | Should -Not -Be $first.LinkId
        $second.MaxFlow | Should -Be 1024
        $second.Packets | Should -Be 0
        Get-FlowStat $interface | Should -BeNullOrEmpty
        Send-Frame $veth $udp 2
        (Get-FlowStat $interface).Packets | Should -Be 2
    }

    It 'does nothing with -WhatIf' {
        Start-XdpMonitor $interface -WhatIf | Should -BeNullOrEmpty
        Test-Attached $interface | Should -BeFalse
        $first = Start-XdpMonitor $interface
        Start-XdpMonitor $interface -Force -WhatIf | Should -BeNullOrEmpty
        (Get-XdpMonitor $interface).LinkId | Should -Be $first.LinkId
    }

    It 'takes -<_>' -ForEach 'InterfaceAlias', 'Interface', 'ifAlias', 'Name' {
        $name = @{ $_ = $interface }
        (Start-XdpMonitor @name).InterfaceAlias | Should -Be $interface
    }

    It 'takes names, properties and wildcards, each once' {
        $second = [XTrace.Testbed.VethPair]::new($true)
        try {
            (Start-XdpMonitor "xtw$PID-*", $interface).InterfaceAlias | Should -Be $interface, $second.Interface
            Clear-Monitor
            ($interface, $second.Interface | Start-XdpMonitor).InterfaceAlias | Should -Be $interface, $second.Interface
            Clear-Monitor
            ([pscustomobject]@{ Interface = $second.Interface } | Start-XdpMonitor).InterfaceAlias | Should -Be $second.Interface
        } finally {
            $second.Dispose()
        }
    }

    It 'takes the interface from NETWORK_INTERFACE' {
        Invoke-Pwsh "`$env:NETWORK_INTERFACE = '$interface'; (Start-XdpMonitor).InterfaceAlias" | Should -Be $interface
        Test-Attached $interface | Should -BeTrue
    }

    It 'names what there is for an unknown interface, and starts the others' {
        (Start-XdpMonitor nosuch, $interface -ErrorAction SilentlyContinue -ErrorVariable failure).State | Should -Be Running
        $failure | Should -HaveCount 1
        $failure.FullyQualifiedErrorId | Should -Be 'InterfaceNotFound,XTrace.PowerShell.StartXdpMonitorCommand'
        "$failure" | Should -Match $interface
        Start-XdpMonitor "nosuch$PID*" -ErrorVariable failure | Should -BeNullOrEmpty
        $failure | Should -BeNullOrEmpty
    }

    It 'takes any number of flows from 8 to 8,388,608: <_>' -ForEach 8, 1000, 12345 {
        $monitor = Start-XdpMonitor $interface -MaxFlow $_
        $monitor.MaxFlow | Should -Be $_
        $monitor.TableSlots | Should -Be ($cpus * (Get-SlotCount $_))
    }

    It 'refuses a table for <_> flows, and leaves nothing behind' -ForEach 0, 4, 7, 8388609, 33554432 {
        Start-XdpMonitor $interface -MaxFlow $_ -ErrorAction SilentlyContinue -ErrorVariable failure | Should -BeNullOrEmpty
        $failure.FullyQualifiedErrorId | Should -Be 'InvalidMaxFlow,XTrace.PowerShell.StartXdpMonitorCommand'
        Test-Attached $interface | Should -BeFalse
        Get-XdpMonitor "xtw$PID-*" | Should -BeNullOrEmpty
    }

    It 'keeps the monitor that -Force would replace when the new one cannot be had' {
        $first = Start-XdpMonitor $interface
        Start-XdpMonitor $interface -Force -MaxFlow 4 -ErrorAction SilentlyContinue | Should -BeNullOrEmpty
        (Get-XdpMonitor $interface).LinkId | Should -Be $first.LinkId
    }

    It 'does not count what Get-FlowStat counts on its own, nor the other way about' {
        $flow = Get-FlowStat $interface -SampleInterval 0.2 -Verbose 4>&1 | Send-OnceAttached $veth $udp 4
        $flow.Packets | Should -Be 4
        $null = Start-XdpMonitor $interface
        Send-Frame $veth $udp 6
        (Get-FlowStat $interface).Packets | Should -Be 6
    }
}
