# Programs of somebody else (drop.bpf.c) drop UDP to port 7001, and let it pass to port 7002. Whatever XTrace does beside
# them, they stay attached, and that is what arrives.
BeforeDiscovery {
    . "$PSScriptRoot/Rights.ps1"
}

Describe 'Beside programs of somebody else' -Tag Privileged -Skip:$unprivileged {
    BeforeAll {
        . "$PSScriptRoot/Testbed.ps1"
        $script:object = Build-ForeignProgram
        # A network for benchmarks (RFC 2544), of this process alone.
        $network = "198.$(18 + ($PID -shr 8) % 2).$($PID % 256)"
        $script:here = "$network.1"
        $script:there = "$network.2"

        function Open-Socket([int] $Port) {
            [Net.Sockets.UdpClient]::new([Net.IPEndPoint]::new([ipaddress] $here, $Port))
        }

        function Read-Socket([Net.Sockets.UdpClient] $Socket) {
            $from = $null
            for ($count = 0; $Socket.Client.Poll(0, 'SelectRead'); $count++) {
                $null = $Socket.Receive([ref] $from)
            }
            $count
        }

        # How many of five datagrams each arrive at ports 7001 and 7002 here. The later ones tell that the others are through.
        function Measure-Arrival {
            $unwanted = Open-Socket 7001
            $wanted = Open-Socket 7002
            try {
                foreach ($port in 7001, 7002) {
                    $veth.Send((Frame Udp4 $there 1000 $here $port 100), 5)
                }
                $arrived = 0
                $clock = [Diagnostics.Stopwatch]::StartNew()
                while ($arrived -lt 5 -and $clock.Elapsed.TotalSeconds -lt 10) {
                    $null = $wanted.Client.Poll(10000, 'SelectRead')
                    $arrived += Read-Socket $wanted
                }
                Read-Socket $unwanted
                $arrived
            } finally {
                $unwanted.Dispose()
                $wanted.Dispose()
            }
        }

        # How many of five datagrams each to ports 7001 and 7002 arrive at the peer. A UDP socket does not mind what is dropped.
        function Measure-Departure {
            $socket = Open-Socket 1000
            try {
                foreach ($port in 7001, 7002) {
                    $before = Read-Peer
                    foreach ($i in 1..5) {
                        $null = $socket.Send([byte[]]::new(100), 100, $there, $port)
                    }
                    (Read-Peer) - $before
                }
            } finally {
                $socket.Dispose()
            }
        }

        function Read-Peer {
            $link = nsenter "--net=/run/netns/$($veth.PeerNamespace)" ip -s -j link show dev $veth.PeerInterface | ConvertFrom-Json
            $link.stats64.rx.packets
        }

        function Get-XdpProgram {
            (ip -j link show dev $interface | ConvertFrom-Json).xdp.prog.id
        }

        function Get-TcFilter([string] $Direction) {
            (tc -j filter show dev $interface $Direction | ConvertFrom-Json).options.prog.id
        }

        # Appends a program of somebody else to the TCX row. tc loads it, and need not keep it.
        function Add-TcxProgram([string] $Direction) {
            tc qdisc add dev $interface clsact
            tc filter add dev $interface $Direction prio 1 bpf da obj $object sec tc
            [XTrace.Testbed.TcxPrograms]::Append($interface, $Direction, (Get-TcFilter $Direction))
            tc qdisc del dev $interface clsact
        }
    }

    BeforeDiscovery {
        $script:hasNoTcx = (uname -r) -match '^([1-5]|6\.[0-5])\.'
    }

    BeforeEach {
        $script:veth = [XTrace.Testbed.VethPair]::new($true)
        $script:interface = $veth.Interface
        ip link set dev $interface address ([XTrace.Testbed.Frames]::DestinationMac)
        ip address add "$here/24" dev $interface
        ip neighbor add $there lladdr ([XTrace.Testbed.Frames]::SourceMac) dev $interface
        Measure-Arrival | Should -Be 5, 5
        Measure-Departure | Should -Be 5, 5
    }

    AfterEach {
        Clear-Monitor
        $veth.Dispose()
    }

    Context 'on the XDP slot' {
        BeforeEach {
            ip link set dev $interface xdp obj $object sec xdp
            $script:owner = Get-XdpProgram
            $owner | Should -BeGreaterThan 0
            Measure-Arrival | Should -Be 0, 5
        }

        AfterEach {
            Get-XdpProgram | Should -Be $owner
            Measure-Arrival | Should -Be 0, 5
        }

        It 'Auto watches from TC, what the owner lets pass' {
            (Start-XdpMonitor $interface).Hook | Should -Be $tc
            Get-XdpProgram | Should -Be $owner
            Measure-Arrival | Should -Be 0, 5
            (Get-FlowStat $interface | Where-Object DestinationPort -In 7001, 7002).DestinationPort | Should -Be 7002
            (Get-FlowStat $interface -Port 7002).Packets | Should -Be 5
            $null = Start-XdpMonitor $interface -Force -Direction Both
            Measure-Arrival | Should -Be 0, 5
            Stop-XdpMonitor $interface
            Get-AttachPoint $interface | Should -Be xdp
        }

        It 'Get-FlowStat watches from TC as well' {
            $flows = Get-FlowStat $interface -Port 7001, 7002 -SampleInterval 0.3 -Verbose 4>&1 | ForEach-Object {
                if ($_ -isnot [Management.Automation.VerboseRecord]) {
                    $_
                } elseif ($_.Message -like "${interface}: attached*") {
                    Measure-Arrival | Should -Be 0, 5
                }
            }
            $flows.DestinationPort | Should -Be 7002
            $flows.Packets | Should -Be 5
            Get-AttachPoint $interface | Should -Be xdp
        }

        It '<command> -AttachMode <mode> fails, and names the owner' -ForEach @(
            @{ Command = 'Start-XdpMonitor'; Mode = 'Native' }
            @{ Command = 'Start-XdpMonitor'; Mode = 'Generic' }
            @{ Command = 'Get-FlowStat'; Mode = 'Native' }
            @{ Command = 'Get-FlowStat'; Mode = 'Generic' }
        ) {
            & $command $interface -AttachMode $mode -ErrorAction SilentlyContinue -ErrorVariable failure | Should -BeNullOrEmpty
            $failure.FullyQualifiedErrorId | Should -BeLike 'XdpSlotBusy,*'
            $failure.CategoryInfo.Category | Should -Be ResourceBusy
            $failure.TargetObject | Should -Be $interface
            "$failure" | Should -Match "'somebody_else' \(id $owner\).*stays.*Tc"
            Get-AttachPoint $interface | Should -Be xdp
            Get-XdpMonitor "xtw$PID-*" | Should -BeNullOrEmpty
        }

        It '-Direction Both -AttachMode Native starts what leaves, and says what is not' {
            $monitor = Start-XdpMonitor $interface -AttachMode Native -Direction Both -ErrorAction SilentlyContinue -ErrorVariable failure
            $monitor.Direction | Should -Be Egress
            $monitor.Hook | Should -Be $tc
            $failure.FullyQualifiedErrorId | Should -BeLike 'XdpSlotBusy,*'
        }
    }

    It 'an XDP program that comes after a monitor of TC works, and the monitor counts what it lets pass' {
        $started = Start-XdpMonitor $interface
        ip link set dev $interface xdp obj $object sec xdp
        $owner = Get-XdpProgram
        Measure-Arrival | Should -Be 0, 5
        (Get-FlowStat $interface | Where-Object DestinationPort -In 7001, 7002).Packets | Should -Be 5
        $monitor = Get-XdpMonitor $interface
        $monitor.State | Should -Be Running
        $monitor.ProgramId | Should -Be $started.ProgramId
        Stop-XdpMonitor $interface
        Get-XdpProgram | Should -Be $owner
        Measure-Arrival | Should -Be 0, 5
    }

    It 'an XDP program that comes after a monitor of native XDP is refused by the kernel, even by force' {
        $started = Start-XdpMonitor $interface -AttachMode Native
        foreach ($force in '-oneline', '-force') {
            ip $force link set dev $interface xdp obj $object sec xdp 2>&1 | Out-String | Should -Match 'busy|replace active'
        }
        Get-XdpProgram | Should -Be $started.ProgramId
        Measure-Arrival | Should -Be 5, 5
        $monitor = Get-XdpMonitor $interface
        $monitor.State | Should -Be Running
        $monitor.Hook | Should -Be XdpNative
        (Get-FlowStat $interface -Port 7001, 7002).Packets | Should -Be 5, 5
        Stop-XdpMonitor $interface
        ip link set dev $interface xdp obj $object sec xdp
        Measure-Arrival | Should -Be 0, 5
    }

    It 'filters of clsact, from before and from after, work on while a monitor of <_> comes and goes' -ForEach 'Auto', 'Native', 'Generic' {
        tc qdisc add dev $interface clsact
        tc filter add dev $interface ingress prio 10 bpf da obj $object sec tc
        Measure-Arrival | Should -Be 0, 5
        $null = Start-XdpMonitor $interface -AttachMode $_ -Direction Both
        tc filter add dev $interface egress prio 10 bpf da obj $object sec tc
        $in = Get-TcFilter ingress
        $out = Get-TcFilter egress
        Measure-Arrival | Should -Be 0, 5
        Measure-Departure | Should -Be 0, 5
        # The monitor goes first: it sees what the filters drop.
        foreach ($port in 7001, 7002) {
            $flows = Get-FlowStat $interface -Port $port
            $flows.Direction | Should -Be Ingress, Egress
            $flows.Packets | Should -Be 5, 5
        }
        $null = Start-XdpMonitor $interface -AttachMode $_ -Direction Both -Force
        Measure-Arrival | Should -Be 0, 5
        Measure-Departure | Should -Be 0, 5
        Stop-XdpMonitor $interface
        Get-TcFilter ingress | Should -Be $in
        Get-TcFilter egress | Should -Be $out
        Get-AttachPoint $interface | Should -Be 'clsact ingress', 'clsact egress'
        Measure-Arrival | Should -Be 0, 5
        Measure-Departure | Should -Be 0, 5
    }

    It 'a qdisc that is removed takes nothing of a monitor with it' -Skip:$hasNoTcx {
        tc qdisc add dev $interface clsact
        $null = Start-XdpMonitor $interface -Direction Both
        tc qdisc del dev $interface clsact
        Measure-Arrival | Should -Be 5, 5
        Measure-Departure | Should -Be 5, 5
        (Get-XdpMonitor $interface).State | Should -Be Running, Running
        (Get-FlowStat $interface -Port 7001).Packets | Should -Be 5, 5
    }

    It 'TCX programs, from before and from after, work on while a monitor comes and goes' -Skip:$hasNoTcx {
        Add-TcxProgram ingress
        Measure-Arrival | Should -Be 0, 5
        $null = Start-XdpMonitor $interface -Direction Both
        Add-TcxProgram egress
        Measure-Arrival | Should -Be 0, 5
        Measure-Departure | Should -Be 0, 5
        foreach ($port in 7001, 7002) {
            $flows = Get-FlowStat $interface -Port $port
            $flows.Direction | Should -Be Ingress, Egress
            $flows.Packets | Should -Be 5, 5
        }
        Stop-XdpMonitor $interface
        Get-AttachPoint $interface | Should -Be 'tcx ingress', 'tcx egress'
        Measure-Arrival | Should -Be 0, 5
        Measure-Departure | Should -Be 0, 5
    }

    It 'monitors of XTrace do not get in each other''s way: one pinned, any number of Get-FlowStat' {
        $null = Start-XdpMonitor $interface
        $sessions = foreach ($i in 1, 2) {
            $session = [powershell]::Create()
            $script = "Import-Module '$module'; Get-FlowStat $interface -Direction Both -SampleInterval 0.2 -Continuous -Verbose"
            @{ Session = $session; Output = [Management.Automation.PSDataCollection[psobject]]::new(); Script = $script }
        }
        try {
            foreach ($watch in $sessions) {
                $null = $watch.Session.AddScript($watch.Script).BeginInvoke[psobject, psobject]($null, $watch['Output'])
            }
            # Each says so once its own monitor is attached.
            foreach ($watch in $sessions) {
                Wait-Verbose $watch.Session '*: attached*'
            }
            Measure-Departure | Should -Be 5, 5
            Measure-Arrival | Should -Be 5, 5
            foreach ($watch in $sessions) {
                # Both of one sample: the first samples may have seen only some of them.
                $seen = [Collections.Generic.List[psobject]]::new()
                $clock = [Diagnostics.Stopwatch]::StartNew()
                do {
                    Start-Sleep -Milliseconds 50
                    $watch['Output'].ReadAll() | Where-Object DestinationPort -EQ 7002 | ForEach-Object { $seen.Add($_) }
                    $flows = ($seen | Group-Object Sample | Where-Object Count -EQ 2 | Select-Object -Last 1).Group
                } until (($flows | Measure-Object Packets -Sum).Sum -ge 10 -or $clock.Elapsed.TotalSeconds -gt 10)
                $flows.Direction | Sort-Object | Should -Be Ingress, Egress
                $flows.Packets | Should -Be 5, 5
            }
        } finally {
            foreach ($watch in $sessions) {
                $watch.Session.Stop()
                $watch.Session.Dispose()
            }
        }
        Get-AttachPoint $interface | Should -Be "$tc ingress"
    }
}
