# One table for all interfaces of a command, and for those that join later.
BeforeDiscovery {
    . "$PSScriptRoot/Rights.ps1"
}

Describe 'Start-XdpMonitor, tables' -Tag Privileged -Skip:$unprivileged {
    BeforeAll {
        . "$PSScriptRoot/Testbed.ps1"
        $script:udp = Frame Udp4 10.0.0.1 1000 10.0.0.2 2000 100
    }

    BeforeEach {
        $script:veth = [XTrace.Testbed.VethPair]::new($true)
        $script:second = [XTrace.Testbed.VethPair]::new($true)
        $script:interface = $veth.Interface
    }

    AfterEach {
        Clear-Monitor
        $second.Dispose()
        $veth.Dispose()
    }

    It 'shares one between the interfaces and directions of a command, with totals for each' {
        $monitors = Start-XdpMonitor $interface, $second.Interface -Direction Both -MaxFlow 1024
        @($monitors.Path | Split-Path | Sort-Object -Unique) | Should -HaveCount 1
        Send-Frame $veth $udp 3
        Send-Frame $second $udp 4
        Send-Out $second.Interface $udp 5
        $monitors = Get-XdpMonitor $interface, $second.Interface
        $monitors.Packets | Should -Be 3, 0, 4, 5
        # The same flow on two interfaces and both ways is three.
        (Get-FlowStat $interface, $second.Interface).Packets | Should -Be 3, 4, 5
        ($monitors | Measure-Object UsedSlots -Sum).Sum | Should -Be $monitors[0].TableUsedSlots
        $monitors.TableUsedSlots | Sort-Object -Unique | Should -Be $monitors[0].TableUsedSlots
        $monitors.TableSlots | Sort-Object -Unique | Should -Be ($cpus * (Get-SlotCount 1024))
        $monitors[1].UsedSlots | Should -Be 0
    }

    It 'joins the table of a monitor that runs, and leaves it by itself' {
        $first = Start-XdpMonitor $interface -Filter @{ Port = 2000 } -MaxFlow 1024
        Send-Frame $veth $udp 3
        $joined = Start-XdpMonitor $second.Interface -Filter @{ Port = 2000 } -MaxFlow 1024
        Split-Path $joined.Path | Should -Be (Split-Path $first.Path)
        $joined.Path | Should -Not -Be $first.Path
        Send-Frame $second $udp 4
        Stop-XdpMonitor $interface
        Get-AttachPoint $interface | Should -BeNullOrEmpty
        $left = Get-XdpMonitor "xtw$PID-*"
        $left.Path | Should -Be $joined.Path
        $left.Packets | Should -Be 4
        (Get-FlowStat $second.Interface).Packets | Should -Be 4
        # Back again it begins anew.
        $null = Start-XdpMonitor $interface -Filter @{ Port = 2000 } -MaxFlow 1024
        (Get-XdpMonitor $interface).Packets | Should -Be 0
        Get-FlowStat $interface | Should -BeNullOrEmpty
        Stop-XdpMonitor "xtw$PID-*"
        Test-Path (Split-Path $first.Path) | Should -BeFalse
    }

    It 'makes another one for <name>' -ForEach @(
        @{ Name = 'another size'; Options = @{ MaxFlow = 2048 } }
        @{ Name = 'another filter'; Options = @{ MaxFlow = 1024; Filter = @{ Port = 53 } } }
        @{ Name = 'details'; Options = @{ MaxFlow = 1024; Detail = $true } }
    ) {
        $first = Start-XdpMonitor $interface -MaxFlow 1024
        $other = Start-XdpMonitor $second.Interface @options
        Split-Path $other.Path | Should -Not -Be (Split-Path $first.Path)
    }

    It 'keeps filters, sizes and directions when monitors restart through the pipeline' {
        $filter = @{ TrafficType = 'UDP'; Address = '10.0.0.0/8'; ExcludeDns = $true }
        $null = Start-XdpMonitor $interface -Direction Egress -Filter $filter -MaxFlow 1000
        $null = Start-XdpMonitor $second.Interface -MaxFlow 2000
        $before = Get-XdpMonitor "xtw$PID-*"
        Send-Frame $second $udp 3
        $after = $before | Start-XdpMonitor -Force
        $after.InterfaceAlias | Should -Be $interface, $second.Interface
        $after.Direction | Should -Be Egress, Ingress
        $after.MaxFlow | Should -Be 1000, 2000
        "$($after[0].Filter)" | Should -Be 'TrafficType UDP; Address 10.0.0.0/8; ExcludeDns'
        $after[1].Filter | Should -BeNullOrEmpty
        $after.Packets | Should -Be 0, 0
        $now = Get-XdpMonitor "xtw$PID-*"
        $now.Path | Should -Be $after.Path
        $now.LinkId | Should -Not -Be $before.LinkId
        Get-AttachPoint $interface | Should -Be "$tc egress"
        Get-AttachPoint $second.Interface | Should -Be "$tc ingress"
    }

    It 'keeps -Detail when monitors restart through the pipeline, with 16 bytes more a slot' {
        $detailed = Start-XdpMonitor $interface -Detail -MaxFlow 1024
        $plain = Start-XdpMonitor $second.Interface -MaxFlow 1024
        $detailed.Detail, $plain.Detail | Should -Be $true, $false
        $detailed.TableSize - $plain.TableSize | Should -Be (16 * $plain.TableSlots)
        $after = Get-XdpMonitor "xtw$PID-*" | Start-XdpMonitor -Force
        $after.InterfaceAlias | Should -Be $interface, $second.Interface
        $after.Detail | Should -Be $true, $false
        (Get-XdpMonitor $interface | Format-List | Out-Plain 120) -match '^Detail +: True$' | Should -HaveCount 1
        # Replaced without it, it keeps none.
        (Start-XdpMonitor $interface -MaxFlow 1024 -Force).Detail | Should -BeFalse
    }

    It 'takes the filter of a monitor of another process' {
        $null = Start-XdpMonitor $interface -Filter @{ Protocol = 'TCP', 'SCTP'; Port = 443 } -MaxFlow 1000
        $there = Start-Job { Import-Module $using:module; Get-XdpMonitor $using:interface } | Receive-Job -Wait -AutoRemoveJob
        $there.PSTypeNames[0] | Should -Be Deserialized.XTrace.XdpMonitor
        $again = $there | Start-XdpMonitor -Force
        "$($again.Filter)" | Should -Be 'Protocol TCP, SCTP; Port 443'
        $again.MaxFlow | Should -Be 1000
    }

    It 'stays where a command has mounts of its own: ip netns exec' {
        $namespace = [XTrace.Testbed.NetNamespace]::new("xt-$PID-exec")
        try {
            $through = 'ip', 'netns', 'exec', $namespace.Name
            $started = Invoke-Pwsh '$one = Start-XdpMonitor lo; $one.State; $one.Path' $through
            $started[0] | Should -Be Running
            # What the processes see that started the command.
            Test-Path $started[1] | Should -BeTrue
            Invoke-Pwsh '(Get-XdpMonitor lo).State; @(Get-FlowStat lo -ErrorAction Stop).Count' $through | Should -Be Running, 0
            $inside = 'nsenter', "--net=/run/netns/$($namespace.Name)"
            Invoke-Pwsh '(Get-XdpMonitor lo).State; Stop-XdpMonitor lo; @(Get-XdpMonitor).Count' $inside |
                Should -Be Running, 0
            Test-Path $started[1] | Should -BeFalse
        } finally {
            $namespace.Dispose()
        }
    }
}
