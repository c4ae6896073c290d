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
        $script:client = [XTrace.Testbed.Peer]::In($veth.PeerNamespace, 'connect', '10.7.7.1', '5000', '1', '20000')
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
        $flow.ProcessId, $flow.ProcessName, $flow.UserName, $flow.State, $flow.RoundTripTime | Where-Object { $null -ne $_ } | Should -BeNullOrEmpty
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
        foreach ($objects in $flows, ([Management.Automation.PSSerializer]::Deserialize([Management.Automation.PSSerializer]::Serialize($flows)))) {
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

    It 'shows everything in a list' {
        $text = Get-FlowStat $interface -Detail -ProcessId $tcp.Id | Format-List | Out-Plain 120
        foreach ($name in 'ProcessId', 'UserName', 'Container', 'SystemdUnit', 'State', 'RoundTripTime', 'DeliveryRate', 'IsLimitedBy') {
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
