BeforeDiscovery {
    . "$PSScriptRoot/Rights.ps1"
}

Describe 'Get-XdpMonitor' -Tag Privileged -Skip:$unprivileged {
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

    It 'shows what the monitor counted' {
        $started = Start-XdpMonitor $interface
        Send-Frame $veth $udp 3
        Send-Frame $veth (Frame Truncate $udp 30) 2
        $monitor = Get-XdpMonitor $interface
        $monitor.Packets | Should -Be 5
        $monitor.Bytes | Should -Be (3 * 142 + 2 * 30)
        $monitor.MalformedPackets | Should -Be 2
        $monitor.MalformedBytes | Should -Be 60
        $monitor.EvictedPackets | Should -Be 0
        $monitor.UsedSlots | Should -BeGreaterOrEqual 1
        $monitor.UsedSlots | Should -BeLessOrEqual ([Environment]::ProcessorCount)
        $monitor.LinkId | Should -Be $started.LinkId
        [Math]::Abs(($monitor.StartTime - $started.StartTime).TotalMilliseconds) | Should -BeLessThan 50
        $monitor.Packets | Should -BeOfType uint64
        $monitor.StartTime | Should -BeOfType datetime
    }

    It 'accounts for evicted flows: flows, evicted and malformed make the total' {
        $null = Start-XdpMonitor $interface -MaxFlow 8
        [byte[][]] $frames = foreach ($port in 1..200) {
            Frame Udp4 10.0.0.1 $port 10.0.0.2 7000 $port
        }
        $veth.Send($frames)
        Wait-Count $interface 200
        $monitor = Get-XdpMonitor $interface
        $flows = Get-FlowStat $interface
        $monitor.Packets | Should -Be 200
        $monitor.EvictedPackets | Should -BeGreaterThan 100
        ($flows | Measure-Object Packets -Sum).Sum + $monitor.EvictedPackets | Should -Be 200
        ($flows | Measure-Object Bytes -Sum).Sum + $monitor.EvictedBytes | Should -Be $monitor.Bytes
    }

    It 'shows all that there are, and those that a wildcard or a list means' {
        $second = [XTrace.Testbed.VethPair]::new($true)
        try {
            $both = (Start-XdpMonitor $interface, $second.Interface).InterfaceAlias
            (Get-XdpMonitor).InterfaceAlias | Where-Object { $_ -in $both } | Should -Be $both
            (Get-XdpMonitor "xtw$PID-*").InterfaceAlias | Should -Be $both
            (Get-XdpMonitor "XTW$PID-*").InterfaceAlias | Should -Be $both
            (Get-XdpMonitor $second.Interface, $interface).InterfaceAlias | Should -Be $second.Interface, $interface
            ($both | Get-XdpMonitor).InterfaceAlias | Should -Be $both
            ([pscustomobject]@{ Name = $interface } | Get-XdpMonitor).InterfaceAlias | Should -Be $interface
        } finally {
            $second.Dispose()
        }
    }

    It 'takes -<_>' -ForEach 'InterfaceAlias', 'Interface', 'ifAlias', 'Name' {
        $null = Start-XdpMonitor $interface
        $name = @{ $_ = $interface }
        (Get-XdpMonitor @name).InterfaceAlias | Should -Be $interface
    }

    It 'names what there is for an interface without a monitor' {
        $second = [XTrace.Testbed.VethPair]::new($true)
        try {
            $null = Start-XdpMonitor $second.Interface
            (Get-XdpMonitor $interface, $second.Interface -ErrorAction SilentlyContinue -ErrorVariable failure).State | Should -Be Running
            $failure | Should -HaveCount 1
            $failure.FullyQualifiedErrorId | Should -Be 'MonitorNotFound,XTrace.PowerShell.GetXdpMonitorCommand'
            $failure.CategoryInfo.Category | Should -Be ObjectNotFound
            "$failure" | Should -Match $second.Interface
        } finally {
            $second.Dispose()
        }
        Get-XdpMonitor "nosuch$PID*" -ErrorVariable failure | Should -BeNullOrEmpty
        $failure | Should -BeNullOrEmpty
    }

    It 'does not show what Get-FlowStat attaches for itself' {
        $session = [powershell]::Create()
        try {
            $null = $session.AddScript("Import-Module '$module'; Get-FlowStat $interface -SampleInterval 60").BeginInvoke()
            Wait-Attached $interface
            Get-XdpMonitor "xtw$PID-*" | Should -BeNullOrEmpty
        } finally {
            $session.Stop()
            $session.Dispose()
        }
    }

    It 'tells a monitor whose interface is gone, and Start replaces it when the name is back' {
        $null = Start-XdpMonitor $interface
        Send-Frame $veth $udp 3
        ip link del $interface
        $monitor = Get-XdpMonitor $interface
        $monitor.State | Should -Be Detached
        $monitor.Hook | Should -Be None
        $monitor.InterfaceIndex | Should -Be 0
        $monitor.Packets | Should -Be 3
        ip link add $interface type veth peer name "xtr$PID"
        (Get-XdpMonitor $interface).State | Should -Be Detached
        $again = Start-XdpMonitor $interface
        $again.State | Should -Be Running
        $again.Packets | Should -Be 0
        (Get-XdpMonitor "xtw$PID-*").LinkId | Should -Be $again.LinkId
    }

    It 'tells a monitor whose start was interrupted, and Start completes it' {
        $folder = Split-Path (Split-Path (Start-XdpMonitor $interface).Path)
        Stop-XdpMonitor $interface
        # Of a version that had a folder for each interface and direction.
        $null = New-Item -ItemType Directory "$folder/$interface/ingress"
        $monitor = Get-XdpMonitor $interface
        $monitor.State | Should -Be Incomplete
        $monitor.StartTime | Should -BeNullOrEmpty
        # And one that was killed before it pinned anything into its folder.
        $null = New-Item -ItemType Directory "$folder/monitor:77"
        (Start-XdpMonitor $interface).State | Should -Be Running
        (Get-XdpMonitor $interface).State | Should -Be Running
        Test-Path "$folder/$interface" | Should -BeFalse
        Test-Path "$folder/monitor:77" | Should -BeFalse
    }
}
