BeforeDiscovery {
    . "$PSScriptRoot/Rights.ps1"
}

Describe 'Start-XdpMonitor, hooks' -Tag Privileged -Skip:$unprivileged {
    BeforeDiscovery {
        $script:hasNoTcx = (uname -r) -match '^([1-5]|6\.[0-5])\.'
    }

    BeforeAll {
        . "$PSScriptRoot/Testbed.ps1"
        $script:udp = Frame Udp4 10.0.0.1 1000 10.0.0.2 2000 100

        # XDP's mode as the kernel tells it: 1 in the driver, 2 generic (XDP_ATTACHED_* in linux/if_link.h).
        function Get-XdpMode([string] $Interface) {
            (ip -j -d link show dev $Interface | ConvertFrom-Json).xdp.mode
        }
    }

    BeforeEach {
        $script:veth = [XTrace.Testbed.VethPair]::new($true)
        $script:interface = $veth.Interface
    }

    AfterEach {
        Clear-Monitor
        $veth.Dispose()
    }

    Context 'with -AttachMode <mode> -Direction <direction>' -ForEach @(
        @{ Mode = 'Auto'; Direction = 'Ingress'; Hooks = @('tc') }
        @{ Mode = 'Auto'; Direction = 'Egress'; Hooks = @('tc') }
        @{ Mode = 'Auto'; Direction = 'Both'; Hooks = 'tc', 'tc' }
        @{ Mode = 'Tc'; Direction = 'Ingress'; Hooks = @('tc') }
        @{ Mode = 'Tc'; Direction = 'Egress'; Hooks = @('tc') }
        @{ Mode = 'Tc'; Direction = 'Both'; Hooks = 'tc', 'tc' }
        @{ Mode = 'Native'; Direction = 'Ingress'; Hooks = @('XdpNative') }
        @{ Mode = 'Native'; Direction = 'Both'; Hooks = 'XdpNative', 'tc' }
        @{ Mode = 'Generic'; Direction = 'Ingress'; Hooks = @('XdpGeneric') }
        @{ Mode = 'Generic'; Direction = 'Both'; Hooks = 'XdpGeneric', 'tc' }
    ) {
        BeforeAll {
            $script:ways = $direction -eq 'Both' ? ('Ingress', 'Egress') : @($direction)
            $script:expected = $hooks -replace '^tc$', $tc
            $script:points = @(for ($i = 0; $i -lt $ways.Count; $i++) {
                    $hooks[$i] -like 'Xdp*' ? 'xdp' : "$tc $($ways[$i])".ToLowerInvariant()
                })
            $script:xdpMode = @{ XdpNative = 1; XdpGeneric = 2 }[$hooks[0]]
        }

        It 'Start-XdpMonitor attaches there, says so, and stops without a trace' {
            $monitors = @(Start-XdpMonitor $interface -AttachMode $mode -Direction $direction)
            $monitors.Hook | Should -Be $expected
            $monitors.Direction | Should -Be $ways
            $monitors.State | Select-Object -Unique | Should -Be Running
            Get-AttachPoint $interface | Should -Be $points
            Get-XdpMode $interface | Should -Be $xdpMode
            $shown = @(Get-XdpMonitor $interface)
            $shown.Hook | Should -Be $expected
            $shown.ProgramId | Should -Be $monitors.ProgramId
            ($shown.ProgramId | Select-Object -Unique).Count | Should -Be $ways.Count
            Stop-XdpMonitor $interface
            Get-AttachPoint $interface | Should -BeNullOrEmpty
        }

        It 'Get-FlowStat attaches there for as long as it runs' {
            $script:seen = @()
            $flows = Get-FlowStat $interface -AttachMode $mode -Direction $direction -SampleInterval 0.3 -Verbose 4>&1 | ForEach-Object {
                if ($_ -isnot [Management.Automation.VerboseRecord]) {
                    $_
                } elseif ($_.Message -like "${interface}: attached to *, $($ways[-1]).") {
                    $script:seen = Get-AttachPoint $interface
                    $script:seenMode = Get-XdpMode $interface
                    $veth.Send($udp, 2)
                    Send-Out $interface $udp 3
                }
            }
            $seen | Should -Be $points
            $seenMode | Should -Be $xdpMode
            $flows.Direction | Should -Be $ways
            $flows.Packets | Should -Be @($ways | ForEach-Object { @{ Ingress = 2; Egress = 3 }[$_] })
            Get-AttachPoint $interface | Should -BeNullOrEmpty
        }
    }

    It 'refuses Egress with <_>: XDP sees only what arrives' -ForEach 'Native', 'Generic' {
        foreach ($command in 'Start-XdpMonitor', 'Get-FlowStat') {
            & $command $interface -AttachMode $_ -Direction Egress -ErrorAction SilentlyContinue -ErrorVariable failure |
                Should -BeNullOrEmpty
            $failure.FullyQualifiedErrorId | Should -BeLike 'EgressNeedsTc,*'
            $failure.CategoryInfo.Category | Should -Be InvalidArgument
            $failure.TargetObject | Should -Be $interface
            "$failure" | Should -BeLike "*$interface*Use attach mode Tc or Auto*"
        }
        Get-AttachPoint $interface | Should -BeNullOrEmpty
        Get-XdpMonitor "xtw$PID-*" | Should -BeNullOrEmpty
    }

    It 'tells the memory of a table before it takes it, and the hook that it got' {
        $said = Start-XdpMonitor $interface -Direction Both -MaxFlow 1024 -Verbose 4>&1 | ForEach-Object { "$_" }
        $size = (Get-XdpMonitor $interface).TableSize
        $size | Should -Be $size[0], $size[0]
        $size[0] | Should -BeGreaterThan ($cpus * (Get-SlotCount 1024) * 64)
        $said | Where-Object { $_ -ne $interface -and $_ -notlike 'Performing the operation *' } | Should -Be @(
            "${interface}: veth is virtual, and native XDP would slow down its traffic. TC comes first."
            "A table for 1024 flows takes $([Math]::Floor($size[0] / 1024)) KiB: $(Get-SlotCount 1024) slots on each of $cpus CPUs."
            "${interface}: attached to $($tc -eq 'Tcx' ? 'TCX' : 'a clsact filter'), Ingress."
            "${interface}: attached to $($tc -eq 'Tcx' ? 'TCX' : 'a clsact filter'), Egress."
        )
    }

    It 'says why a hook was refused, and takes the next: a full TCX row, then clsact' -Skip:$hasNoTcx {
        # 64 programs are all that the row has room for (BPF_MPROG_MAX), one of them ours.
        $object = Build-ForeignProgram
        $filters = 1..63 | ForEach-Object { "filter add dev $interface ingress prio $_ bpf da obj $object sec tc" }
        @("qdisc add dev $interface clsact"; $filters) | tc -batch -
        foreach ($id in (tc -j filter show dev $interface ingress | ConvertFrom-Json).options.prog.id) {
            [XTrace.Testbed.TcxPrograms]::Append($interface, 'egress', $id)
        }
        $said = Start-XdpMonitor $interface -Direction Egress -Verbose 4>&1
        $monitor = $said | Where-Object { $_ -is [XTrace.XdpMonitor] }
        $monitor.Hook | Should -Be Clsact
        $lines = $said | ForEach-Object { "$_" }
        $lines -like "${interface}: TCX was refused. *$interface*" | Should -HaveCount 1
        $lines | Should -Contain "${interface}: attached to a clsact filter, Egress."
        Get-AttachPoint $interface | Should -Be 'tcx egress', 'clsact ingress', 'clsact egress'
        Send-Out $interface $udp 3
        (Get-FlowStat $interface).Packets | Should -Be 3
        Stop-XdpMonitor $interface
        Get-AttachPoint $interface | Should -Be 'tcx egress', 'clsact ingress'
    }

    It 'counts exactly what the interface counts, both ways, with <_>' -ForEach 'Tc', 'Native', 'Generic' {
        $null = Start-XdpMonitor $interface -AttachMode $_ -Direction Both
        $sizes = 18, 100, 700, 1458
        foreach ($size in $sizes) {
            $veth.Send((Frame Udp4 10.0.0.1 1000 10.0.0.2 2000 $size), 25)
            Send-Out $interface (Frame Udp4 10.0.0.2 2000 10.0.0.1 1000 $size) 10
        }
        Wait-Count $interface 100
        $in, $out = Get-XdpMonitor $interface
        $counted = (ip -s -j link show dev $interface | ConvertFrom-Json).stats64
        $sent = (nsenter "--net=/run/netns/$($veth.PeerNamespace)" ip -s -j link show dev $veth.PeerInterface | ConvertFrom-Json).stats64.tx
        $in.Packets | Should -Be 100
        $in.Packets | Should -Be $counted.rx.packets
        $in.Packets | Should -Be $sent.packets
        # Frames that the driver takes for native XDP count without their Ethernet header in a veth's own statistics.
        $missing = $_ -eq 'Native' ? 14 * 100 : 0
        $in.Bytes | Should -Be ($counted.rx.bytes + $missing)
        $in.Bytes | Should -Be (25 * ($sizes | ForEach-Object { 42 + $_ } | Measure-Object -Sum).Sum)
        $out.Packets | Should -Be 40
        $out.Packets | Should -Be $counted.tx.packets
        $out.Bytes | Should -Be $counted.tx.bytes
    }

    It 'starts the direction that is missing, and no more' {
        $first = Start-XdpMonitor $interface
        $both = @(Start-XdpMonitor $interface -Direction Both -ErrorAction SilentlyContinue -ErrorVariable failure)
        $both.Direction | Should -Be Egress
        $failure.FullyQualifiedErrorId | Should -BeLike 'MonitorExists,*'
        "$failure" | Should -Match Ingress
        (Get-XdpMonitor $interface).ProgramId | Should -Be $first.ProgramId, $both.ProgramId
        $again = Start-XdpMonitor $interface -Direction Egress -Force
        (Get-XdpMonitor $interface).ProgramId | Should -Be $first.ProgramId, $again.ProgramId
    }

    It 'asks for each direction by itself' {
        Invoke-Pwsh "Start-XdpMonitor $interface -Direction Both -WhatIf" | Should -Be @(
            "What if: Performing the operation `"Start XDP monitor`" on target `"$interface (Ingress)`"."
            "What if: Performing the operation `"Start XDP monitor`" on target `"$interface (Egress)`"."
        )
        Get-AttachPoint $interface | Should -BeNullOrEmpty
    }

    It 'refuses a table for which there is no memory, with both sizes, before it is taken' {
        # What the machine has is told by /proc/meminfo: this pwsh alone sees another one.
        $kibi = 65536
        "MemTotal: 100000 kB", "MemFree: 70000 kB", "MemAvailable: $kibi kB" | Set-Content TestDrive:/meminfo
        $script = {
            foreach ($command in 'Start-XdpMonitor', 'Get-FlowStat') {
                & $command $args[0] -MaxFlow 8388608 -ErrorAction SilentlyContinue -ErrorVariable failure
                "$($failure.FullyQualifiedErrorId) $($failure.CategoryInfo.Category) $failure"
            }
            (Start-XdpMonitor $args[0] -MaxFlow 1024).State
        }
        $through = 'unshare', '--mount', 'sh', '-c', "mount --bind '$TestDrive/meminfo' /proc/meminfo && exec `"`$@`"", 'sh'
        $said = Invoke-Pwsh "& {$script} $interface" $through
        $flows = $cpus * (Get-SlotCount 8388608) * 64 / 1024
        $said | Should -HaveCount 3
        foreach ($line in $said[0, 1]) {
            ($line -split ',')[0] | Should -Be OutOfMemory
            $line | Should -Match ('^\S+ ResourceUnavailable A table for 8388608 flows takes (\d+) KiB, ' +
                "and only $kibi KiB of memory are available\. Ask for fewer flows\.`$")
            [long] ($line -replace '.* takes (\d+) KiB.*', '$1') | Should -BeGreaterThan $flows
        }
        $said[2] | Should -Be Running
    }
}
