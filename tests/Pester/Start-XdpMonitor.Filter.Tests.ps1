BeforeDiscovery {
    . "$PSScriptRoot/Rights.ps1"
}

Describe 'Start-XdpMonitor -Filter' -Tag Privileged -Skip:$unprivileged {
    BeforeAll {
        . "$PSScriptRoot/Testbed.ps1"
        $script:veth = [XTrace.Testbed.VethPair]::new($true)
        $script:interface = $veth.Interface

        # Each kind of frame a number of times that tells it from the others.
        $script:traffic = @(
            @{ Times = 1; Frame = (Frame Udp4 10.0.0.1 1000 10.0.0.2 2000 100) }
            @{ Times = 2; Frame = (Frame Tcp4 10.0.0.1 40000 10.1.0.2 443 200) }
            @{ Times = 4; Frame = (Frame Udp6 2001:db8::1 1000 2001:db8::2 4000 60) }
            @{ Times = 8; Frame = (Frame Udp4 10.1.0.1 5353 10.1.0.53 53 40) }
            @{ Times = 16; Frame = (Frame RoceV2 10.0.0.5 49152 10.0.0.6 0x1234 4 64) }
            @{ Times = 32; Frame = (Frame Icmp4 10.0.0.3 10.0.0.4 8 0 56) }
            @{ Times = 64; Frame = (Frame Arp 10.0.0.1 10.0.0.2) }
        )
        $script:allPackets = 127
        $script:allBytes = ($traffic | ForEach-Object { $_.Times * $_.Frame.Length } | Measure-Object -Sum).Sum
    }

    AfterAll {
        $veth.Dispose()
    }

    AfterEach {
        Clear-Monitor
    }

    Context 'with <name>' -ForEach @(
        @{ Name = 'a type'; Filter = @{ TrafficType = 'RoCEv2' }; Kept = , 16; Shown = 'TrafficType RoCEv2' }
        @{ Name = 'several types'; Filter = @{ TrafficType = 'ICMP', 'Ethernet' }; Kept = 32, 64; Shown = 'TrafficType Ethernet, ICMP' }
        @{ Name = 'a protocol'; Filter = @{ Protocol = 'TCP' }; Kept = , 2; Shown = 'Protocol TCP' }
        @{ Name = 'protocols by number'; Filter = @{ Protocol = 6, '1' }; Kept = 2, 32; Shown = 'Protocol ICMP, TCP' }
        @{ Name = 'a network'; Filter = @{ Address = '10.1.0.0/16' }; Kept = 2, 8; Shown = 'Address 10.1.0.0/16' }
        @{ Name = 'addresses'; Filter = @{ Address = '10.0.0.6', '2001:db8::/32' }; Kept = 4, 16
            Shown = 'Address 10.0.0.6/32, 2001:db8::/32' }
        @{ Name = 'ports'; Filter = @{ Port = 443, 1000 }; Kept = 1, 2, 4; Shown = 'Port 443, 1000' }
        @{ Name = 'no DNS'; Filter = @{ ExcludeDns = $true }; Kept = 1, 2, 4, 16, 32, 64; Shown = 'ExcludeDns' }
        @{ Name = 'DNS after all'; Filter = @{ ExcludeDns = $false }; Kept = 1, 2, 4, 8, 16, 32, 64; Shown = $null }
        @{ Name = 'all keys in any case'
            Filter = @{ traffictype = 'UDP', 'TCP'; PROTOCOL = 'udp'; address = '10.0.0.0/8'; port = 53, 2000; excludedns = $true }
            Kept = , 1; Shown = 'TrafficType TCP, UDP; Protocol UDP; Address 10.0.0.0/8; Port 53, 2000; ExcludeDns' }
        @{ Name = 'nothing in it'; Filter = @{}; Kept = 1, 2, 4, 8, 16, 32, 64; Shown = $null }
        @{ Name = '$null values'; Filter = @{ Port = $null; TrafficType = $null; Protocol = $null }
            Kept = 1, 2, 4, 8, 16, 32, 64; Shown = $null }
    ) {
        It 'keeps what is asked for, counts the rest in the totals, and agrees with Get-FlowStat, on <_>' -ForEach 'Auto', 'Native' {
            $null = Start-XdpMonitor $interface -Filter $filter -AttachMode $_
            foreach ($one in $traffic) {
                $veth.Send($one.Frame, $one.Times)
            }
            Wait-Count $interface $allPackets
            $flows = @(Get-FlowStat $interface)
            $flows.Packets | Sort-Object | Should -Be $kept
            $monitor = Get-XdpMonitor $interface
            $monitor.Packets | Should -Be $allPackets
            $monitor.Bytes | Should -Be $allBytes
            $monitor.FilteredPackets | Should -Be ($allPackets - ($kept | Measure-Object -Sum).Sum)
            $monitor.FilteredBytes | Should -Be ($allBytes - ($flows | Measure-Object Bytes -Sum).Sum)
            $monitor.Filter | Should -Be $shown
            $monitor.UsedSlots | Should -BeGreaterOrEqual $kept.Count

            # The same words leave the same flows of a monitor that keeps all.
            $null = Start-XdpMonitor $interface -Force -AttachMode $_
            foreach ($one in $traffic) {
                $veth.Send($one.Frame, $one.Times)
            }
            Wait-Count $interface $allPackets
            @(Get-FlowStat $interface @filter).Packets | Sort-Object | Should -Be $kept
        }
    }

    It 'is shown to whoever asks, in whatever process' {
        $null = Start-XdpMonitor $interface -Direction Both -Filter @{ Protocol = 'TCP'; Port = 443 }
        Invoke-Pwsh "(Get-XdpMonitor $interface).Filter.ForEach('ToString')" | Should -Be 'Protocol TCP; Port 443', 'Protocol TCP; Port 443'
        $filter = (Get-XdpMonitor $interface -Direction Egress).Filter
        $filter | Should -BeOfType XTrace.FlowFilter
        $filter.Protocol | Should -Be TCP
        $filter.Port | Should -Be 443
        $filter.TrafficType | Should -BeNullOrEmpty
        (Get-XdpMonitor $interface | Format-List | Out-String) -split '\r?\n' -match '^Filter +: Protocol TCP; Port 443$' |
            Should -HaveCount 2
    }

    It 'filters what leaves by itself' {
        $null = Start-XdpMonitor $interface -Direction Egress -Filter @{ Port = 443 }
        Send-Out $interface (Frame Tcp4 10.0.0.1 40000 10.1.0.2 443 200) 3
        Send-Out $interface (Frame Udp4 10.0.0.1 1000 10.0.0.2 2000 100) 2
        (Get-FlowStat $interface).Packets | Should -Be 3
        $monitor = Get-XdpMonitor $interface
        $monitor.Packets | Should -Be 5
        $monitor.FilteredPackets | Should -Be 2
        $monitor.FilteredBytes | Should -Be (2 * 142)
    }

    It 'adds Get-FlowStat''s own filter to that of the monitor' {
        $null = Start-XdpMonitor $interface -Filter @{ Protocol = 'UDP' }
        Send-Frame $veth (Frame Udp4 10.0.0.1 1000 10.0.0.2 2000 100) 3
        Send-Frame $veth (Frame Udp4 10.0.0.1 1000 10.0.0.2 53 100) 2
        Send-Frame $veth (Frame Tcp4 10.0.0.1 1000 10.0.0.2 2000 100) 1
        (Get-FlowStat $interface -ExcludeDns).Packets | Should -Be 3
        Get-FlowStat $interface -Protocol TCP | Should -BeNullOrEmpty
    }

    It 'forgets the filter when it starts again without one' {
        $null = Start-XdpMonitor $interface -Filter @{ Port = 1 }
        (Start-XdpMonitor $interface -Force).Filter | Should -BeNullOrEmpty
        (Get-XdpMonitor $interface).Filter | Should -BeNullOrEmpty
    }

    It 'lets Get-FlowStat''s own monitor filter in the kernel, and in itself what the kernel has no room for' {
        foreach ($ports in (2000, 2001), (1990..2010)) {
            $flow = Get-FlowStat $interface -Port $ports -SampleInterval 0.3 -Verbose 4>&1 | ForEach-Object {
                if ($_ -isnot [Management.Automation.VerboseRecord]) {
                    $_
                } elseif ($_.Message -like "${interface}: attached*") {
                    $veth.Send((Frame Udp4 10.0.0.1 1000 10.0.0.2 2000 100), 3)
                    $veth.Send((Frame Udp4 10.0.0.1 1000 10.0.0.2 3000 100), 2)
                }
            }
            $flow.DestinationPort | Should -Be 2000
            $flow.Packets | Should -Be 3
        }
    }

    It 'refuses <name>, and starts nothing' -ForEach @(
        @{ Name = 'a key that it does not know'; Filter = @{ Ports = 80 }; Id = 'InvalidFilter'
            Like = "*'Ports'*TrafficType, Protocol, Address, Port, ExcludeDns*" }
        @{ Name = 'a type that it does not know'; Filter = @{ TrafficType = 'TPC' }; Id = 'InvalidFilter'
            Like = "*TrafficType cannot be 'TPC'*SCTP*" }
        @{ Name = 'a protocol that it does not know'; Filter = @{ Protocol = 'TPC' }; Id = 'InvalidFilter'
            Like = "*Protocol cannot be 'TPC'*" }
        @{ Name = 'a protocol beyond 255'; Filter = @{ Protocol = 256 }; Id = 'InvalidFilter'; Like = "*Protocol cannot be '256'*" }
        @{ Name = 'a protocol far beyond 255'; Filter = @{ Protocol = 262 }; Id = 'InvalidFilter'; Like = "*Protocol cannot be '262'*" }
        @{ Name = 'a port beyond 65535'; Filter = @{ Port = 65536 }; Id = 'InvalidFilter'; Like = "*Port cannot be '65536'*" }
        @{ Name = 'a port that is no number'; Filter = @{ Port = 'http' }; Id = 'InvalidFilter'; Like = "*Port cannot be 'http'*" }
        @{ Name = 'a wildcard for a port'; Filter = @{ Port = '8*' }; Id = 'InvalidFilter'; Like = "*Port cannot be '8*'*" }
        @{ Name = 'a wildcard for a type'; Filter = @{ TrafficType = 'RoCE*' }; Id = 'InvalidFilter'
            Like = "*TrafficType cannot be 'RoCE*'*" }
        @{ Name = 'a wildcard for an address'; Filter = @{ Address = '10.0.*' }; Id = 'InvalidAddress'; Like = "'10.0.``*'*10.0.0.0/8*" }
        @{ Name = 'an address that is none'; Filter = @{ Address = '10.0.0.300' }; Id = 'InvalidAddress'; Like = "'10.0.0.300'*" }
        @{ Name = 'a prefix that is too long'; Filter = @{ Address = '10.0.0.0/33' }; Id = 'InvalidAddress'; Like = "'10.0.0.0/33'*" }
    ) {
        $failure = { Start-XdpMonitor $interface -Filter $filter } |
            Should -Throw -ErrorId 'ParameterArgumentTransformationError,XTrace.PowerShell.StartXdpMonitorCommand' -PassThru
        $failure.CategoryInfo.Category | Should -Be InvalidData
        $failure.Exception.InnerException.InnerException.ErrorId | Should -Be $id
        "$failure" | Should -BeLike "Cannot process argument transformation on parameter 'Filter'. $like"
        Get-AttachPoint $interface | Should -BeNullOrEmpty
        Get-XdpMonitor "xtw$PID-*" | Should -BeNullOrEmpty
    }

    It 'refuses what the kernel has no room for, and starts nothing: <name>' -ForEach @(
        @{ Name = 'too many ports'; Filter = @{ Port = 1..100 }; Like = '*not 0 and 100*Get-FlowStat*' }
        @{ Name = 'too many addresses'; Filter = @{ Address = 1..100 | ForEach-Object { "10.0.0.$_" } }
            Like = '*not 100 and 0*Get-FlowStat*' }
    ) {
        Start-XdpMonitor $interface -Filter $filter -ErrorAction SilentlyContinue -ErrorVariable failure | Should -BeNullOrEmpty
        $failure | Should -HaveCount 1
        $failure.FullyQualifiedErrorId | Should -Be 'FilterTooLarge,XTrace.PowerShell.StartXdpMonitorCommand'
        $failure.CategoryInfo.Category | Should -Be InvalidArgument
        "$failure" | Should -BeLike $like
        Get-AttachPoint $interface | Should -BeNullOrEmpty
        Get-XdpMonitor "xtw$PID-*" | Should -BeNullOrEmpty
    }

    It 'keeps the monitor that -Force would replace when the filter is wrong' {
        $first = Start-XdpMonitor $interface
        { Start-XdpMonitor $interface -Force -Filter @{ Port = 'x' } } | Should -Throw
        (Get-XdpMonitor $interface).ProgramId | Should -Be $first.ProgramId
    }
}
