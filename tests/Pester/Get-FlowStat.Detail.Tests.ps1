# Processes, containers and the state of TCP: what -Detail adds, and what is chosen by it.
BeforeDiscovery {
    . "$PSScriptRoot/Rights.ps1"
}

Describe 'Get-FlowStat -Detail' -Tag Privileged -Skip:$unprivileged {
    BeforeAll {
        . "$PSScriptRoot/Testbed.ps1"
        $script:veth = [XTrace.Testbed.VethPair]::new($true)
        $script:interface = $veth.Interface
        $veth.AddAddresses()
        $null = Start-XdpMonitor $interface -Direction Both
        # One connection and one answered question, by two processes on either side of the pair, and a flow that nobody here has.
        $script:server = [XTrace.Testbed.Peer]::new('listen', '10.7.7.1', '5000', '1000')
        $script:client = [XTrace.Testbed.Peer]::In($veth.PeerNamespace, 'connect', '10.7.7.1', '5000', '1', '20000', '0', '1000')
        $script:answering = [XTrace.Testbed.Peer]::In($veth.PeerNamespace, 'udp', '0.0.0.0', '5353')
        $script:asking = [XTrace.Testbed.Peer]::new('ask', '10.7.7.2', '5353', '3')
        $veth.Send((Frame Tcp4 10.1.1.1 1000 10.2.2.2 2000 10))
        # In the namespace of process 1 the process inside comes first, in any other the one at the watched side.
        $isHost = (Get-Item /proc/1/ns/net).Target -eq (Get-Item /proc/self/ns/net).Target
        $script:tcp, $script:udp = if ($isHost) { $client, $answering } else { $server, $asking }
        $script:otherTcp = if ($isHost) { $server } else { $client }
    }

    AfterAll {
        $asking, $answering, $client, $server | ForEach-Object { $_.Dispose() }
        Clear-Monitor
        $veth.Dispose()
    }

    It 'names the process inside, and tells how TCP fares' {
        $flows = Get-FlowStat $interface -Detail -TrafficType TCP -Address 10.7.7.1
        $flows | Should -HaveCount 2
        $flows.ProcessId | Sort-Object -Unique | Should -Be $tcp.Id
        $flows.ProcessName | Sort-Object -Unique | Should -Be peer
        $flows.UserName | Sort-Object -Unique | Should -Be root
        $flows.State | Sort-Object -Unique | Should -Be Established
        $flows | ForEach-Object {
            $_.RoundTripTime | Should -BeOfType timespan
            $_.MinRoundTripTime | Should -BeLessOrEqual $_.RoundTripTime
            $_.RetransmittedPackets | Should -Be 0
            $_.CongestionWindow | Should -BeGreaterThan 1
            $_.DeliveryRate | Should -BeGreaterThan 0
        }
    }

    It 'names the owner of an unconnected socket of UDP, which has no state' {
        $flows = Get-FlowStat $interface -Detail -TrafficType UDP -Port 5353
        $flows | Should -HaveCount 2
        $flows.ProcessId | Sort-Object -Unique | Should -Be $udp.Id
        $flows.State | Where-Object { $null -ne $_ } | Should -BeNullOrEmpty
    }

    It 'has null for a forwarded flow, and -Verbose says why' {
        $said = Get-FlowStat $interface -Detail -Address 10.1.1.1 -Verbose 4>&1
        $flow = $said | Where-Object { $_ -is [XTrace.FlowStat] }
        $flow | Should -HaveCount 1
        $flow.ProcessId, $flow.ProcessName, $flow.UserName, $flow.State, $flow.RoundTripTime |
            Where-Object { $null -ne $_ } | Should -BeNullOrEmpty
        $said -match '^1 flow\(s\) have no process: no socket on this machine' | Should -HaveCount 1
    }

    It 'has null for RoCE that is not of this machine, and -Verbose says why' {
        $veth.Send((Frame RoceV2 10.1.1.1 49152 10.2.2.2 17 4))
        $said = Get-FlowStat $interface -Detail -TrafficType RoCEv2 -Verbose 4>&1
        ($said | Where-Object { $_ -is [XTrace.FlowStat] }).ProcessId | Should -Be $null
        $said -match '^1 RoCE flow\(s\) have no process: no queue pair on this machine' | Should -HaveCount 1
    }

    It 'is off unless somebody asks' {
        (Get-FlowStat $interface).ProcessId | Where-Object { $null -ne $_ } | Should -BeNullOrEmpty
    }

    It 'is asked for by <name>, which chooses flows' -ForEach @(
        @{ Name = 'ProcessName'; Value = { 'PEE*' }; Count = 4 }
        @{ Name = 'ProcessName'; Value = { 'nobody', 'peer' }; Count = 4 }
        @{ Name = 'ProcessName'; Value = { 'pee' }; Count = 0 }
        @{ Name = 'ProcessId'; Value = { $tcp.Id }; Count = 2 }
        @{ Name = 'ProcessId'; Value = { $otherTcp.Id }; Count = 0 }
        @{ Name = 'Container'; Value = { '0123*' }; Count = 0 }
    ) {
        $wanted = @{ $name = & $value }
        $flows = @(Get-FlowStat $interface @wanted)
        $flows | Should -HaveCount $count
        $flows | Where-Object ProcessId -NotIn $tcp.Id, $udp.Id | Should -BeNullOrEmpty
    }

    It 'chooses before -Top' {
        $flows = Get-FlowStat $interface -ProcessId $udp.Id -Top 1
        $flows | Should -HaveCount 2
        $flows.TrafficType | Sort-Object -Unique | Should -Be UDP
    }

    It 'has a table of its own, whose columns are properties' {
        $flows = Get-FlowStat $interface -Detail -TrafficType TCP
        $deserialized = [Management.Automation.PSSerializer]::Deserialize([Management.Automation.PSSerializer]::Serialize($flows))
        foreach ($objects in $flows, $deserialized) {
            foreach ($width in 80, 120) {
                $lines = @($objects | Out-Plain $width)
                $lines | Where-Object { $_.Length -ge $width } | Should -BeNullOrEmpty
                $lines[0] | Should -BeLike 'Source * ProcessId ProcessName*'
                $lines -match "10\.7\.7\.2:\d+ +10\.7\.7\.1:5000 .* $($tcp.Id) peer" | Should -HaveCount 1
            }
            $lines -match ' peer +\d+(\.\d+)? ms +0$' | Should -HaveCount 2
        }
        $view = (Get-FormatData 'XTrace.FlowStat#Detail').FormatViewDefinition
        foreach ($label in $view.Control.Headers.Label) {
            $flows[0].PSObject.Properties.Name -ccontains $label | Should -BeTrue -Because $label
        }
    }

    It 'shows what is known in a list' {
        $text = Get-FlowStat $interface -Detail -ProcessId $tcp.Id | Format-List | Out-Plain 120
        foreach ($name in 'ProcessId', 'UserName', 'State', 'RoundTripTime', 'DeliveryRate', 'IsLimitedBy') {
            $text -match "^$name +:" | Should -HaveCount 2
        }
    }

    It 'completes names of processes that hold a socket' {
        $line = 'Get-FlowStat -ProcessName pee'
        (TabExpansion2 $line $line.Length).CompletionMatches.CompletionText | Should -Contain peer
    }

    It 'sends states and limits to other processes by name' {
        $flow = [Management.Automation.PSSerializer]::Deserialize(
            [Management.Automation.PSSerializer]::Serialize((Get-FlowStat $interface -ProcessId $tcp.Id | Select-Object -First 1)))
        $flow.State | Should -Be Established
        $flow.State | Should -BeOfType string
        $flow.IsLimitedBy | Should -BeIn Application, ReceiverWindow, SendBuffer, CongestionWindow
    }
}

Describe 'Get-FlowStat -Detail, from the packets' -Tag Privileged -Skip:$unprivileged {
    BeforeAll {
        . "$PSScriptRoot/Testbed.ps1"
        # Byte 47 of a frame of TCP over IPv4 has the flags; byte 15 has DSCP and ECN.
        function Edit([byte[]] $Frame, [int] $Flags, [int] $TrafficClass = 0) {
            , [XTrace.Testbed.Frames]::With([XTrace.Testbed.Frames]::With($Frame, 47, $Flags), 15, $TrafficClass)
        }
        # A SYN that nobody answers, a connection that is reset, and one whose packets met congestion.
        function Send-All {
            Send-Frame $veth (Edit (Frame Tcp4 10.0.0.1 1 10.0.0.2 80) 0x02) 3
            Send-Frame $veth (Edit (Frame Tcp4 10.0.0.1 2 10.0.0.2 80) 0x02)
            Send-Frame $veth (Edit (Frame Tcp4 10.0.0.1 2 10.0.0.2 80) 0x14)
            Send-Frame $veth (Edit (Frame Tcp4 10.0.0.1 3 10.0.0.2 80 100) 0x10 (46 * 4 + 3)) 2
            Send-Frame $veth (Edit (Frame Tcp4 10.0.0.1 3 10.0.0.2 80 1000) 0x18 (34 * 4 + 2))
            Send-Frame $veth (Frame Arp 10.0.0.1 10.0.0.2)
        }
        $script:names = 'TcpFlags', 'Dscp', 'EcnCePackets', 'MinFrameSize', 'MaxFrameSize'
    }

    BeforeEach {
        $script:veth = [XTrace.Testbed.VethPair]::new($true)
        $script:interface = $veth.Interface
    }

    AfterEach {
        Clear-Monitor
        $veth.Dispose()
    }

    It 'tells flags, DSCP, CE marks and frame sizes of a monitor that keeps them: <mode>' -ForEach @(
        @{ Mode = 'Native' }
        @{ Mode = 'Tc' }
    ) {
        (Start-XdpMonitor $interface -Detail -AttachMode $mode).Detail | Should -BeTrue
        Send-All
        $flows = @(Get-FlowStat $interface -Detail | Sort-Object SourcePort)
        $flows | Should -HaveCount 4
        $shown = $flows | ForEach-Object { $flow = $_; ($names | ForEach-Object { "$($flow.$_)" }) -join '|' }
        $shown | Should -Be '|||42|42', 'Syn|0|0|54|54', 'Syn, Reset, Ack|0|0|54|54', 'Push, Ack|34|2|154|1054'
        # As a user asks for them.
        @($flows | Where-Object TcpFlags -EQ Syn).SourcePort | Should -Be 1
        @($flows | Where-Object TcpFlags -Match Reset).SourcePort | Should -Be 2
        ($flows | Sort-Object EcnCePackets -Descending -Top 1).SourcePort | Should -Be 3
        # Nobody asked.
        (Get-FlowStat $interface | ForEach-Object { $flow = $_; $names | Where-Object { $null -ne $flow.$_ } }) | Should -BeNullOrEmpty
    }

    It 'lists them, and sends them to other processes' {
        $null = Start-XdpMonitor $interface -Detail
        Send-All
        $flow = Get-FlowStat $interface -Detail | Where-Object SourcePort -EQ 3
        $text = $flow | Format-List | Out-Plain 120
        $text -match '^TcpFlags +: Push, Ack$' | Should -HaveCount 1
        $text -match '^(Dscp +: 34|EcnCePackets +: 2|MinFrameSize +: 154|MaxFrameSize +: 1054)$' | Should -HaveCount 4
        $there = [Management.Automation.PSSerializer]::Deserialize([Management.Automation.PSSerializer]::Serialize($flow))
        "$($there.TcpFlags) $($there.Dscp) $($there.EcnCePackets) $($there.MinFrameSize) $($there.MaxFrameSize)" |
            Should -Be 'Push, Ack 34 2 154 1054'
    }

    It 'has null of a monitor that keeps none, and -Verbose says why' {
        (Start-XdpMonitor $interface).Detail | Should -BeFalse
        Send-All
        $said = Get-FlowStat $interface -Detail -Verbose 4>&1
        $flows = $said | Where-Object { $_ -is [XTrace.FlowStat] }
        $flows | Should -HaveCount 4
        ($flows | ForEach-Object { $flow = $_; $names | Where-Object { $null -ne $flow.$_ } }) | Should -BeNullOrEmpty
        $said -match "^$interface`: the monitor that runs there, Ingress, keeps no TCP flags.* Start-XdpMonitor -Detail -Force" |
            Should -HaveCount 1
        @(Get-FlowStat $interface -Verbose 4>&1) -match 'keeps no TCP flags' | Should -BeNullOrEmpty
    }

    It 'has a monitor of its own keep them' {
        $flow = Get-FlowStat $interface -Detail -SampleInterval 0.3 -Verbose 4>&1 |
            Send-OnceAttached $veth (Edit (Frame Tcp4 10.0.0.1 1 10.0.0.2 80) 0x02) 3
        "$($flow.TcpFlags) $($flow.Packets) $($flow.MaxFrameSize)" | Should -Be 'Syn 3 54'
    }

    It 'has those of a flow that made room' {
        $null = Start-XdpMonitor $interface -Detail -MaxFlow 8
        $flow = Use-OneCpu {
            Get-FlowStat $interface -Detail -SampleInterval 1 -Verbose 4>&1 | ForEach-Object {
                if ($_ -is [XTrace.FlowStat]) {
                    $_ | Where-Object TrafficType -EQ TCP
                } elseif ($_.Message -like '*: reading the monitor*') {
                    $veth.Send((Edit (Frame Tcp4 10.0.0.1 1 10.0.0.2 80 10) 0x02 (8 * 4 + 3)))
                    Start-Sleep -Milliseconds 50
                    foreach ($port in 1000..1200) {
                        $veth.Send((Frame Udp4 10.0.0.1 $port 10.0.0.2 80))
                    }
                }
            }
        }
        "$($flow.EndReason) $($flow.TcpFlags) $($flow.Dscp) $($flow.EcnCePackets) $($flow.MinFrameSize)" |
            Should -Be 'LackOfResources Syn 8 1 64'
    }
}
