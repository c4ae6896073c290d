BeforeDiscovery {
    . "$PSScriptRoot/Rights.ps1"
}

Describe 'Interfaces of every kind' -Tag Privileged -Skip:$unprivileged {
    BeforeAll {
        . "$PSScriptRoot/Testbed.ps1"
        $script:broadcast = 'ff:ff:ff:ff:ff:ff'
        $network = "198.$(18 + ($PID -shr 8) % 2).$($PID % 256)"
        $script:here = "$network.1"
        $script:there = "$network.2"

        # Makes a quiet interface, xtw<pid>-<name>, up.
        function Add-Link([string] $Name, [string[]] $Kind) {
            ip link add name $Name @Kind
            [IO.File]::WriteAllText("/proc/sys/net/ipv6/conf/$Name/disable_ipv6", '1')
            ip link set dev $Name up
        }

        function Get-Counter([string] $Name) {
            (ip -s -j link show dev $Name | ConvertFrom-Json).stats64
        }

        # A frame that a bridge passes on to all, and up.
        function Get-Broadcast([int] $Payload) {
            $ip = [XTrace.Testbed.Frames]::Udp4('10.0.0.1', 1000, '10.0.0.255', 2000, $Payload)[14..(33 + 8 + $Payload)]
            [XTrace.Testbed.Frames]::Ethernet(0x0800, [byte[]] $ip, $null, [XTrace.Testbed.Frames]::SourceMac, $broadcast)
        }
    }

    BeforeEach {
        $script:veth = [XTrace.Testbed.VethPair]::new($true)
        $script:interface = $veth.Interface
        $script:other = "xtw$PID-o"
    }

    AfterEach {
        Clear-Monitor
        Remove-Link $other
        $veth.Dispose()
    }

    Context 'a bridge and its port' {
        BeforeEach {
            # Snooping makes a bridge send reports of its own.
            Add-Link $other type, bridge, mcast_snooping, 0
            ip link set dev $interface master $other
            $script:frame = Get-Broadcast 100

            # The warnings of interfaces that stand on each other: a bridge has one of its own as well.
            function Get-Stacked {
                @($warning) -like '* stands on *'
            }
        }

        It 'count the same packet each, exactly, and are warned of together' {
            $monitors = Start-XdpMonitor $other, $interface -Direction Both -WarningVariable warning -WarningAction SilentlyContinue
            $monitors.Hook | Select-Object -Unique | Should -Be $tc
            Get-Stacked | Should -Be "$other stands on ${interface}. Packets that go through both are counted on both."
            $before = Get-Counter $other
            $veth.Send($frame, 3)
            Wait-Count $other 3
            Send-Out $other $frame 2
            foreach ($name in $other, $interface) {
                $in, $out = Get-FlowStat $name
                $in.Packets, $out.Packets | Should -Be 3, 2
                $in.Bytes, $out.Bytes | Should -Be (3 * $frame.Length), (2 * $frame.Length)
            }
            $counted = Get-Counter $other
            $counted.rx.packets - $before.rx.packets | Should -Be 3
            $counted.tx.packets - $before.tx.packets | Should -Be 2
            # A bridge counts what it takes in without the Ethernet header, and what it sends with it (net/bridge).
            $counted.rx.bytes - $before.rx.bytes | Should -Be (3 * ($frame.Length - 14))
            $counted.tx.bytes - $before.tx.bytes | Should -Be (2 * $frame.Length)
        }

        It 'warn when the second is started, whichever it is, in whatever direction' {
            Start-XdpMonitor $interface -WarningVariable warning | Should -HaveCount 1
            Get-Stacked | Should -BeNullOrEmpty
            $null = Start-XdpMonitor $other -Direction Egress -WarningVariable warning -WarningAction SilentlyContinue
            Get-Stacked | Should -HaveCount 1
            $null = Start-XdpMonitor $interface -Force -WarningVariable warning -WarningAction SilentlyContinue
            Get-Stacked | Should -HaveCount 1
            # Nothing is started, nothing is warned of.
            $null = Start-XdpMonitor $interface -ErrorAction SilentlyContinue -WarningVariable warning
            Get-Stacked | Should -BeNullOrEmpty
        }

        It 'warn in Get-FlowStat of both, and not of one' {
            $null = Get-FlowStat $other, $interface -SampleInterval 0.1 -WarningVariable warning -WarningAction SilentlyContinue
            Get-Stacked | Should -Be "$other stands on ${interface}. Packets that go through both are counted on both."
            $null = Get-FlowStat $interface -SampleInterval 0.1 -WarningVariable warning
            Get-Stacked | Should -BeNullOrEmpty
        }

        It 'refuse native XDP on the bridge, which has no driver for it, and say so' {
            $said = Start-XdpMonitor $other -AttachMode Native -Verbose -ErrorAction SilentlyContinue -ErrorVariable failure 4>&1
            @($said -like "${other}: native XDP was refused. *") | Should -HaveCount 1
            $failure | Should -HaveCount 1
            "$failure" | Should -BeLike "*native XDP*$other*"
            $failure.TargetObject | Should -Be $other
            Get-AttachPoint $other | Should -BeNullOrEmpty
            Get-XdpMonitor "xtw$PID-*" | Should -BeNullOrEmpty
            (Start-XdpMonitor $other -AttachMode Generic).Hook | Should -Be XdpGeneric
        }

        It 'watch a port with native XDP while the bridge goes on' {
            (Start-XdpMonitor $interface -AttachMode Native).Hook | Should -Be XdpNative
            $before = (Get-Counter $other).rx.packets
            Send-Frame $veth $frame 5
            (Get-FlowStat $interface).Packets | Should -Be 5
            (Get-Counter $other).rx.packets - $before | Should -Be 5
        }
    }

    It 'macvlan: its own packets, which its lower interface counts as well' {
        Add-Link $other link, $interface, type, macvlan, mode, bridge
        $monitors = Start-XdpMonitor $interface, $other -Direction Both -WarningVariable warning -WarningAction SilentlyContinue
        $monitors.Hook | Select-Object -Unique | Should -Be $tc
        $warning | Should -Be "$other stands on ${interface}. Packets that go through both are counted on both."
        $mac = (ip -j link show dev $other | ConvertFrom-Json).address
        $ip = [byte[]] (Frame Udp4 10.0.0.1 1000 10.0.0.2 2000 100)[14..141]
        $veth.Send([XTrace.Testbed.Frames]::Ethernet(0x0800, $ip, $null, [XTrace.Testbed.Frames]::SourceMac, $mac), 4)
        Wait-Count $other 4
        Send-Out $other (Frame Udp4 10.0.0.2 2000 10.0.0.1 1000 50) 3
        foreach ($name in $interface, $other) {
            $in, $out = Get-FlowStat $name
            $in.Packets, $out.Packets, $in.Bytes, $out.Bytes | Should -Be 4, 3, (4 * 142), (3 * 92)
        }
        $counted = Get-Counter $other
        $counted.rx.packets, $counted.rx.bytes, $counted.tx.packets, $counted.tx.bytes | Should -Be 4, (4 * 142), 3, (3 * 92)
    }

    It 'vxlan: what is inside, and outside on the interface below' {
        ip link set dev $interface address ([XTrace.Testbed.Frames]::DestinationMac)
        ip address add "$here/24" dev $interface
        ip neighbor add $there lladdr ([XTrace.Testbed.Frames]::SourceMac) dev $interface
        Add-Link $other type, vxlan, id, 42, dev, $interface, local, $here, remote, $there, dstport, 4789
        $monitors = Start-XdpMonitor $interface, $other -Direction Both -WarningVariable warning -WarningAction SilentlyContinue
        $monitors.Hook | Select-Object -Unique | Should -Be $tc
        $warning | Should -Be "$other stands on ${interface}. Packets that go through both are counted on both."
        $inside = Get-Broadcast 100
        # RFC 7348 5: flags, of which I says that the identifier is valid, and the identifier.
        $payload = [byte[]] (@(8, 0, 0, 0, 0, 0, 42, 0) + $inside)
        $veth.Send((Frame Ipv4 $there $here 17 ([XTrace.Testbed.Frames]::Udp(50000, 4789, $payload))), 3)
        Wait-Count $other 3
        Send-Out $other $inside 2
        $in, $out = Get-FlowStat $other
        $in.DestinationAddress, $in.DestinationPort, $in.Packets, $in.Bytes | Should -Be 10.0.0.255, 2000, 3, (3 * $inside.Length)
        $out.Packets, $out.Bytes | Should -Be 2, (2 * $inside.Length)
        $in, $out = Get-FlowStat $interface -Port 4789
        $in.Packets, $in.Bytes | Should -Be 3, (3 * ($inside.Length + 50))
        $out.SourceAddress, $out.Packets, $out.Bytes | Should -Be $here, 2, (2 * ($inside.Length + 50))
    }

    Context 'a tun interface, without Ethernet headers' {
        BeforeEach {
            $script:tun = [XTrace.Testbed.Tun]::new("xtw$PID-t")
            ip address add "$here/24" dev $tun.Interface
        }

        AfterEach {
            $tun.Dispose()
        }

        It 'is watched from TC, both ways, in bytes of IP' {
            $monitors = Start-XdpMonitor $tun.Interface -Direction Both
            $monitors.Hook | Should -Be $tc, $tc
            $socket = [Net.Sockets.UdpClient]::new([Net.IPEndPoint]::new([ipaddress] $here, 2000))
            try {
                $packet = [byte[]] (Frame Udp4 $there 1000 $here 2000 100)[14..141]
                foreach ($i in 1..4) {
                    $tun.Arrive($packet)
                }
                foreach ($i in 1..3) {
                    $null = $socket.Send([byte[]]::new(50), 50, $there, 1000)
                }
            } finally {
                $socket.Dispose()
            }
            Wait-Count $tun.Interface 4
            $in, $out = Get-FlowStat $tun.Interface
            $in.Direction, $in.TrafficType, $in.SourceAddress, $in.SourcePort, $in.DestinationAddress, $in.DestinationPort |
                Should -Be Ingress, UDP, $there, 1000, $here, 2000
            $in.Packets, $in.Bytes | Should -Be 4, (4 * 128)
            $out.Direction, $out.TrafficType, $out.SourceAddress, $out.SourcePort, $out.DestinationAddress, $out.DestinationPort |
                Should -Be Egress, UDP, $here, 2000, $there, 1000
            $out.Packets, $out.Bytes | Should -Be 3, (3 * 78)
            $counted = Get-Counter $tun.Interface
            $counted.rx.packets, $counted.rx.bytes | Should -Be 4, (4 * 128)
            # What leaves counts for the interface when somebody takes it.
            foreach ($i in 1..3) {
                $tun.Take().Length | Should -Be 78
            }
            $counted = Get-Counter $tun.Interface
            $counted.tx.packets, $counted.tx.bytes | Should -Be 3, (3 * 78)
        }

        It 'refuses -AttachMode <_>, which would read Ethernet headers' -ForEach 'Native', 'Generic' {
            Start-XdpMonitor $tun.Interface -AttachMode $_ -ErrorAction SilentlyContinue -ErrorVariable failure | Should -BeNullOrEmpty
            $failure.FullyQualifiedErrorId | Should -BeLike 'LinkNotSupported,*'
            $failure.TargetObject | Should -Be $tun.Interface
            "$failure" | Should -BeLike "$($tun.Interface) has no Ethernet frames*Use attach mode Tc or Auto.*"
            Get-AttachPoint $tun.Interface | Should -BeNullOrEmpty
        }
    }

    It 'a link type that XTrace cannot read is refused, with its number' {
        $tun = [XTrace.Testbed.Tun]::new("xtw$PID-t", 778) # ARPHRD_IPGRE
        try {
            foreach ($command in 'Start-XdpMonitor', 'Get-FlowStat') {
                & $command $tun.Interface -ErrorAction SilentlyContinue -ErrorVariable failure | Should -BeNullOrEmpty
                $failure.FullyQualifiedErrorId | Should -BeLike 'LinkNotSupported,*'
                "$failure" | Should -BeLike '*hardware type 778*Watch the interface that carries them*'
            }
            Get-AttachPoint $tun.Interface | Should -BeNullOrEmpty
        } finally {
            $tun.Dispose()
        }
    }

    It 'lo: every packet leaves, and arrives' {
        $port = 20000 + $PID % 20000
        $flows = Get-FlowStat lo -Direction Both -Port $port -SampleInterval 0.3 -Verbose 4>&1 | ForEach-Object {
            if ($_ -isnot [Management.Automation.VerboseRecord]) {
                $_
            } elseif ($_.Message -like 'lo: attached to *, Egress.') {
                $socket = [Net.Sockets.UdpClient]::new(0, 'InterNetwork')
                $receiver = [Net.Sockets.UdpClient]::new([Net.IPEndPoint]::new([ipaddress]::Loopback, $port))
                foreach ($i in 1..3) {
                    $null = $socket.Send([byte[]]::new(100), 100, '127.0.0.1', $port)
                }
                $socket.Dispose()
                $receiver.Dispose()
            }
        }
        $flows.Direction | Should -Be Ingress, Egress
        $flows.Packets | Should -Be 3, 3
        $flows.Bytes | Should -Be (3 * 142), (3 * 142)
        $flows[0].DestinationAddress | Should -Be 127.0.0.1
    }

    It 'several at once, by names and wildcards, which share a table and its programs' {
        $second = [XTrace.Testbed.VethPair]::new($true)
        try {
            $both = $interface, $second.Interface
            $monitors = Start-XdpMonitor "xtw$PID-[0-9]*" -Direction Both -WarningVariable warning
            $monitors.InterfaceAlias | Should -Be $interface, $interface, $second.Interface, $second.Interface
            $monitors.Direction | Should -Be Ingress, Egress, Ingress, Egress
            ($monitors.Path | Select-Object -Unique).Count | Should -Be 4
            @($monitors.Path | Split-Path | Select-Object -Unique).Count | Should -Be 1
            ($monitors.ProgramId | Select-Object -Unique).Count | Should -Be 2
            $warning | Should -BeNullOrEmpty
            Send-Frame $veth (Frame Udp4 10.0.0.1 1000 10.0.0.2 2000 100) 2
            Send-Frame $second (Frame Udp4 10.0.0.1 1000 10.0.0.2 2000 100) 3
            Send-Out $second.Interface (Frame Udp4 10.0.0.2 2000 10.0.0.1 1000 100) 4
            $flows = Get-FlowStat "xtw$PID-*" -WarningVariable warning
            $flows.InterfaceAlias | Should -Be $interface, $second.Interface, $second.Interface
            $flows.Direction | Should -Be Ingress, Ingress, Egress
            $flows.Packets | Should -Be 2, 3, 4
            $warning | Should -BeNullOrEmpty
            (Get-FlowStat $both -Direction Ingress).Packets | Should -Be 2, 3
        } finally {
            $second.Dispose()
        }
    }

    It 'the two ends of a veth pair do not stand on each other' {
        Add-Link $other type, veth, peer, name, "xtw$PID-p"
        $null = Start-XdpMonitor $other, "xtw$PID-p" -WarningVariable warning
        $warning | Should -BeNullOrEmpty
        $null = Get-FlowStat $other, "xtw$PID-p" -SampleInterval 0.1 -MaxSamples 1 -WarningVariable warning
        $warning | Should -BeNullOrEmpty
    }

    It 'an alternative name means the interface' {
        $long = "the-watched-end-of-$interface"
        ip link property add dev $interface altname $long
        (Start-XdpMonitor $long).InterfaceAlias | Should -Be $interface
        Send-Frame $veth (Frame Udp4 10.0.0.1 1000 10.0.0.2 2000 100) 2
        (Get-FlowStat $long).Packets | Should -Be 2
        (Get-FlowStat $long, $interface).Packets | Should -Be 2
    }

    It 'a name with a dot, as VLANs have, works everywhere' {
        $dotted = "xtw$PID.4094"
        ip link set dev $interface down
        ip link set dev $interface name $dotted
        ip link set dev $dotted up
        try {
            (Start-XdpMonitor $dotted -Direction Both).InterfaceAlias | Should -Be $dotted, $dotted
            (Get-XdpMonitor $dotted).State | Should -Be Running, Running
            $veth.Send((Frame Udp4 10.0.0.1 1000 10.0.0.2 2000 100), 2)
            Wait-Count $dotted 2
            (Get-FlowStat $dotted).Packets | Should -Be 2
            Stop-XdpMonitor $dotted
            Get-AttachPoint $dotted | Should -BeNullOrEmpty
        } finally {
            Get-XdpMonitor "$dotted*" | Stop-XdpMonitor
            ip link del $dotted
        }
    }
}
