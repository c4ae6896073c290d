BeforeDiscovery {
    . "$PSScriptRoot/Rights.ps1"
}

Describe 'Get-FlowStat' -Tag Privileged -Skip:$unprivileged {
    BeforeAll {
        . "$PSScriptRoot/Testbed.ps1"
        $script:veth = [XTrace.Testbed.VethPair]::new($true)
        $script:interface = $veth.Interface
        $script:udp = Frame Udp4 10.0.0.1 1000 10.0.0.2 2000 100
    }

    AfterAll {
        $veth.Dispose()
    }

    Context 'with a monitor and known traffic' {
        BeforeAll {
            $null = Start-XdpMonitor $interface
            $tagged = [XTrace.Testbed.Frames]::Udp4('10.0.0.1', 1000, '10.0.0.2', 2000, 100, [uint16[]] 100)
            Send-Frame $veth $udp 3
            Send-Frame $veth $tagged 5
            Send-Frame $veth (Frame Tcp4 10.0.0.1 40000 10.0.0.2 443 200) 2
            Send-Frame $veth (Frame Udp6 2001:db8::1 1000 2001:db8::2 4000 60) 4
            Send-Frame $veth (Frame Tcp6 2001:db8::1 5000 2001:db8:1::2 80) 1
            Send-Frame $veth (Frame Icmp4 10.0.0.3 10.0.0.4 8 0 56) 2
            Send-Frame $veth (Frame Icmp6 fe80::1 fe80::2 129 0 56) 1
            Send-Frame $veth (Frame RoceV2 10.0.0.5 49152 10.0.0.6 0x1234 4 64) 6
            Send-Frame $veth (Frame Arp 10.0.0.1 10.0.0.2) 1
            Send-Frame $veth (Frame Udp4 10.1.0.1 5353 10.1.0.53 53 40) 2
            Send-Frame $veth (Frame Ipv4 10.2.0.1 10.2.0.2 253 ([byte[]]::new(30))) 3
            $script:flows = Get-FlowStat $interface
        }

        AfterAll {
            Clear-Monitor
        }

        It 'has one flow for each kind of frame' {
            $flows.Count | Should -Be 11
            $flows | Should -BeOfType XTrace.FlowStat
            $flows.InterfaceAlias | Sort-Object -Unique | Should -Be $interface
            $flows.Direction | Sort-Object -Unique | Should -Be Ingress
        }

        It 'counts <type> to <to>, VLAN <vlan>: <packets> packets, <bytes> bytes' -ForEach @(
            @{ Type = 'UDP'; Protocol = 'UDP'; From = '10.0.0.1'; FromPort = 1000; To = '10.0.0.2'; Port = 2000; Packets = 3; Bytes = 426 }
            @{ Type = 'UDP'; Protocol = 'UDP'; From = '10.0.0.1'; FromPort = 1000; To = '10.0.0.2'; Port = 2000; Vlan = 100
                Packets = 5; Bytes = 730 }
            @{ Type = 'TCP'; Protocol = 'TCP'; From = '10.0.0.1'; FromPort = 40000; To = '10.0.0.2'; Port = 443; Packets = 2; Bytes = 508 }
            @{ Type = 'UDP'; Protocol = 'UDP'; From = '2001:db8::1'; FromPort = 1000; To = '2001:db8::2'; Port = 4000
                Packets = 4; Bytes = 488 }
            @{ Type = 'TCP'; Protocol = 'TCP'; From = '2001:db8::1'; FromPort = 5000; To = '2001:db8:1::2'; Port = 80
                Packets = 1; Bytes = 74 }
            @{ Type = 'ICMP'; Protocol = 'ICMP'; From = '10.0.0.3'; To = '10.0.0.4'; Icmp = 8; Packets = 2; Bytes = 196 }
            @{ Type = 'ICMPv6'; Protocol = 'ICMPv6'; From = 'fe80::1'; To = 'fe80::2'; Icmp = 129; Packets = 1; Bytes = 118 }
            @{ Type = 'RoCEv2'; Protocol = 'UDP'; From = '10.0.0.5'; To = '10.0.0.6'; Pair = 0x1234; Opcode = 'RC_SEND_ONLY'
                Packets = 6; Bytes = 732 }
            @{ Type = 'Ethernet'; From = '02:00:00:00:00:01'; To = 'ff:ff:ff:ff:ff:ff'; EtherType = 0x0806; Packets = 1; Bytes = 42 }
            @{ Type = 'IP'; Protocol = '253'; From = '10.2.0.1'; To = '10.2.0.2'; Packets = 3; Bytes = 192 }
        ) {
            $flow = $flows | Where-Object { $_.TrafficType -eq $type -and $_.DestinationAddress -eq $to -and $_.VlanId -eq $vlan }
            $flow | Should -HaveCount 1
            "$($flow.Protocol)" | Should -Be "$protocol"
            $flow.SourceAddress | Should -Be $from
            $flow.SourcePort | Should -Be $fromPort
            $flow.DestinationPort | Should -Be $port
            $flow.IcmpType | Should -Be $icmp
            $flow.DestinationQueuePair | Should -Be $pair
            $flow.Opcode | Should -Be $opcode
            $flow.EtherType | Should -Be $etherType
            $flow.IsFragment | Should -BeFalse
            $flow.Packets | Should -Be $packets
            $flow.Bytes | Should -Be $bytes
        }

        It 'emits plain types' {
            $flow = $flows | Where-Object TrafficType -EQ TCP | Select-Object -First 1
            $flow.SourceAddress | Should -BeOfType string
            $flow.DestinationAddress | Should -BeOfType string
            $flow.SourcePort | Should -BeOfType uint16
            $flow.DestinationPort | Should -BeOfType uint16
            $flow.Packets | Should -BeOfType uint64
            $flow.Bytes | Should -BeOfType uint64
            $flow.BytesPerSecond | Should -BeOfType double
            $flow.Timestamp | Should -BeOfType datetime
            $flow.Duration | Should -BeOfType timespan
        }

        It 'dates flows between the start of the monitor and the sample' {
            $tick = [timespan]::FromMilliseconds(20)
            $start = (Get-XdpMonitor $interface).StartTime
            foreach ($flow in $flows) {
                $flow.FirstSeen | Should -BeGreaterOrEqual ($start - $tick)
                $flow.LastSeen | Should -BeGreaterOrEqual $flow.FirstSeen
                $flow.Timestamp | Should -BeGreaterOrEqual ($flow.LastSeen - $tick)
            }
        }

        It 'adds up to the totals of the monitor' {
            $monitor = Get-XdpMonitor $interface
            $monitor.Packets | Should -Be 30
            ($flows | Measure-Object Packets -Sum).Sum | Should -Be $monitor.Packets
            ($flows | Measure-Object Bytes -Sum).Sum | Should -Be $monitor.Bytes
        }

        It 'answers at once' {
            [XTrace.Testbed.Timing]::SmallestError(1, { (Measure-Command { Get-FlowStat $interface }).TotalSeconds }, 3) |
                Should -BeLessThan 1
        }

        It 'sorts as numbers' {
            $sorted = @(Get-FlowStat $interface | Sort-Object Bytes).Bytes
            $sorted[0] | Should -Be 42
            $sorted[-1] | Should -Be 732
        }

        It 'groups by type' {
            $groups = Get-FlowStat $interface | Group-Object TrafficType -AsHashTable -AsString
            $groups.Keys | Sort-Object | Should -Be Ethernet, ICMP, ICMPv6, IP, RoCEv2, TCP, UDP
            $groups.UDP.Count | Should -Be 4
        }

        It 'goes through CSV and back' {
            $flows | Export-Csv TestDrive:/flows.csv
            $back = Import-Csv TestDrive:/flows.csv
            foreach ($name in 'TrafficType', 'SourceAddress', 'SourcePort', 'DestinationAddress', 'Packets', 'Bytes', 'VlanId') {
                $back.$name | Should -Be ($flows | ForEach-Object { "$($_.$name)" })
            }
        }

        It 'goes through JSON and back' {
            $back = $flows | ConvertTo-Json -EnumsAsStrings | ConvertFrom-Json
            $back.TrafficType | Should -Be ($flows.TrafficType | ForEach-Object ToString)
            $back.Bytes | Should -Be $flows.Bytes
            ($back | Where-Object TrafficType -EQ ICMP).SourcePort | Should -BeNullOrEmpty
        }

        It 'filters with <options.Keys> <options.Values>' -ForEach @(
            @{ Options = @{ TrafficType = 'RoCEv2' }; Bytes = 732 }
            @{ Options = @{ TrafficType = 'ICMP', 'ICMPv6' }; Bytes = 118, 196 }
            @{ Options = @{ Protocol = 'TCP' }; Bytes = 74, 508 }
            @{ Options = @{ Protocol = 6 }; Bytes = 74, 508 }
            @{ Options = @{ Protocol = '1' }; Bytes = 196 }
            @{ Options = @{ Protocol = 253, 'ICMPv6' }; Bytes = 118, 192 }
            @{ Options = @{ Address = '10.0.0.0/29' }; Bytes = 196, 426, 508, 730, 732 }
            @{ Options = @{ Address = '10.0.0.6' }; Bytes = 732 }
            @{ Options = @{ Address = '2001:db8:1::/48' }; Bytes = 74 }
            @{ Options = @{ Address = 'fe80::/10', '10.1.0.0/16' }; Bytes = 118, 164 }
            @{ Options = @{ Port = 443 }; Bytes = 508 }
            @{ Options = @{ Port = 5000, 4000 }; Bytes = 74, 488 }
            @{ Options = @{ Protocol = 'UDP'; ExcludeDns = $true }; Bytes = 426, 488, 730, 732 }
            @{ Options = @{ Address = '10.0.0.1'; Port = 2000; TrafficType = 'TCP' }; Bytes = @() }
        ) {
            @(Get-FlowStat $interface @options).Bytes | Sort-Object | Should -Be $bytes
        }

        It 'takes $null for no filter' {
            @(Get-FlowStat $interface -TrafficType $null -Protocol $null -Port $null) | Should -HaveCount 11
        }

        It 'filters nothing out of the monitor' {
            $null = Get-FlowStat $interface -Port 443
            (Get-XdpMonitor $interface).FilteredPackets | Should -Be 0
            @(Get-FlowStat $interface) | Should -HaveCount 11
        }

        It 'takes -<_>' -ForEach 'InterfaceAlias', 'Interface', 'ifAlias', 'Name' {
            $name = @{ $_ = $interface }
            @(Get-FlowStat @name) | Should -HaveCount 11
        }

        It 'takes names, monitors and properties from the pipeline, each interface once' {
            @($interface, $interface | Get-FlowStat) | Should -HaveCount 11
            @(Get-XdpMonitor $interface | Get-FlowStat) | Should -HaveCount 11
            @([pscustomobject]@{ ifAlias = $interface } | Get-FlowStat) | Should -HaveCount 11
            @(Get-FlowStat "xtw$PID-*") | Should -HaveCount 11
        }
    }

    Context 'with 100,000 datagrams over 500 flows' {
        BeforeAll {
            $null = Start-XdpMonitor $interface
            [byte[][]] $frames = foreach ($port in 1..500) {
                Frame Udp4 10.0.0.1 $port 10.0.0.2 7000 (18 + $port)
            }
            $script:sentBefore = $veth.ReadCounters('tx')
            foreach ($round in 1..200) {
                $veth.Send($frames)
            }
            Wait-Count $interface 100000
            $script:flows = Get-FlowStat $interface
        }

        AfterAll {
            Clear-Monitor
        }

        It 'counts every flow exactly' {
            $flows | Should -HaveCount 500
            $flows.Packets | Sort-Object -Unique | Should -Be 200
            $flows | Where-Object { $_.Bytes -ne 200 * (60 + $_.SourcePort) } | Should -BeNullOrEmpty
        }

        It 'adds up to the totals of the monitor and to what the peer sent' {
            $monitor = Get-XdpMonitor $interface
            $monitor.Packets | Should -Be 100000
            $monitor.Bytes | Should -Be ($flows | Measure-Object Bytes -Sum).Sum
            $sent = $veth.ReadCounters('tx')
            $monitor.Packets | Should -Be ($sent.Item1 - $sentBefore.Item1)
            $monitor.Bytes | Should -Be ($sent.Item2 - $sentBefore.Item2)
            $monitor.EvictedPackets | Should -Be 0
            $monitor.MalformedPackets | Should -Be 0
        }
    }

    Context 'with -Top' {
        BeforeAll {
            $null = Start-XdpMonitor $interface
            # Each order ranks these eight flows differently.
            $frames = @{}
            foreach ($flow in 1..8) {
                $frames[$flow] = Frame Udp4 10.0.0.1 $flow 10.0.0.2 7000 (100 * (9 - $flow))
                Send-Frame $veth $frames[$flow]
                Start-Sleep -Milliseconds 15
            }
            foreach ($flow in 3, 1, 4, 8, 5, 2, 7, 6) {
                Send-Frame $veth $frames[$flow] $flow
                Start-Sleep -Milliseconds 15
            }
            $script:flows = Get-FlowStat $interface
        }

        AfterAll {
            Clear-Monitor
        }

        It 'agrees with Sort-Object by <_>' -ForEach 'Bytes', 'Packets', 'BytesPerSecond', 'PacketsPerSecond', 'Duration', 'LastSeen' {
            $top = Get-FlowStat $interface -Top 3 -By $_
            # Two may have lasted equally long: then either may come first.
            $chosen = foreach ($port in $top.SourcePort) { $flows | Where-Object SourcePort -EQ $port }
            $chosen.$_ | Should -Be ($flows | Sort-Object $_ -Descending | Select-Object -First 3).$_
        }

        It 'goes by bytes unless told' {
            (Get-FlowStat $interface -Top 1).SourcePort | Should -Be 4
        }

        It 'orders all flows with -By alone' {
            (Get-FlowStat $interface -By Packets).SourcePort | Should -Be (8..1)
            (Get-FlowStat $interface -By LastSeen).SourcePort | Should -Be 6, 7, 2, 5, 8, 4, 1, 3
        }

        It 'emits what there is, greatest first, where that is less' {
            (Get-FlowStat $interface -Top 20 -By Packets).SourcePort | Should -Be (8..1)
        }

        It 'chooses among what the filter leaves' {
            (Get-FlowStat $interface -Top 1 -By Packets -Port 2, 3).SourcePort | Should -Be 3
        }
    }
}
