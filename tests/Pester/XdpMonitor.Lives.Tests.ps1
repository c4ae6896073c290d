# What becomes of a monitor when its interface, its namespace or its version changes: a true state, and a way out.
BeforeDiscovery {
    . "$PSScriptRoot/Rights.ps1"
}

Describe 'The life of a monitor' -Tag Privileged -Skip:$unprivileged {
    BeforeDiscovery {
        $script:modes = @{ Mode = 'Tc' }, @{ Mode = 'Native' }
        # A filter of clsact, which is TC before kernel 6.6, does not go along.
        $script:goAlong = (uname -r) -match '^([1-5]|6\.[0-5])\.' ? $modes[1] : $modes
    }

    BeforeAll {
        . "$PSScriptRoot/Testbed.ps1"
        $script:udp = Frame Udp4 10.0.0.1 1000 10.0.0.2 2000 100

        # Another interface under the name of one that has gone; its other end keeps it company.
        function Add-SameInterface {
            ip link add $interface type veth peer name "xtw$PID-back"
        }

        function Invoke-Elsewhere([string[]] $Command) {
            nsenter "--net=/run/netns/$($veth.PeerNamespace)" @Command
        }

        function Get-AttachPointElsewhere {
            $script = "Add-Type -Path '$assembly'; [XTrace.Testbed.AttachedPrograms]::On('$interface')"
            Invoke-Elsewhere pwsh, -NoProfile, -NonInteractive, -Command, $script
            $LASTEXITCODE | Should -Be 0
        }

        # Whatever the way out, this is where it leads.
        function Assert-StartsAnew {
            $monitor = Get-XdpMonitor $interface
            $monitor.State | Should -Be Running
            $monitor.Packets | Should -Be 0
            $monitor.InterfaceIndex | Should -Be (ip -j link show dev $interface | ConvertFrom-Json).ifindex
            @(Get-AttachPoint $interface) | Should -HaveCount 1
        }

        function Assert-NothingLeft {
            Get-XdpMonitor "xtw$PID-*" | Should -BeNullOrEmpty
            Test-Path $started.Path | Should -BeFalse
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

    Context 'of <mode>, when its interface' -ForEach $modes {
        BeforeEach {
            $script:started = Start-XdpMonitor $interface -AttachMode $mode
            Send-Frame $veth $udp 3
        }

        It 'goes down and up: it counts on' {
            ip link set dev $interface down
            $monitor = Get-XdpMonitor $interface
            $monitor.State | Should -Be Running
            $monitor.Packets | Should -Be 3
            ip link set dev $interface up
            Send-Frame $veth $udp 2
            $monitor = Get-XdpMonitor $interface
            $monitor.Packets | Should -Be 5
            $monitor.ProgramId | Should -Be $started.ProgramId
            (Get-FlowStat $interface).Packets | Should -Be 5
        }

        It 'is renamed: it goes by the new name, whole' {
            $renamed = "xtw$PID-new"
            ip link set dev $interface down
            ip link set dev $interface name $renamed
            ip link set dev $renamed up
            $monitor = Get-XdpMonitor $renamed
            $monitor.State | Should -Be Running
            $monitor.ProgramId | Should -Be $started.ProgramId
            Get-XdpMonitor $interface -ErrorAction SilentlyContinue -ErrorVariable failure | Should -BeNullOrEmpty
            $failure.FullyQualifiedErrorId | Should -BeLike 'MonitorNotFound,*'
            $veth.Send($udp, 2)
            Wait-Count $renamed 5
            $flow = Get-FlowStat $renamed
            $flow.InterfaceAlias | Should -Be $renamed
            $flow.Packets | Should -Be 5
            Start-XdpMonitor $renamed -ErrorAction SilentlyContinue -ErrorVariable failure | Should -BeNullOrEmpty
            $failure.FullyQualifiedErrorId | Should -BeLike 'MonitorExists,*'

            # Another interface gets the old name, and a monitor of its own.
            Add-SameInterface
            (Start-XdpMonitor $interface).State | Should -Be Running
            $both = Get-XdpMonitor $renamed, $interface
            $both.InterfaceAlias | Should -Be $renamed, $interface
            $both.Packets | Should -Be 5, 0
            Stop-XdpMonitor $interface
            (Get-XdpMonitor $renamed).State | Should -Be Running
            Stop-XdpMonitor $renamed
            Get-AttachPoint $renamed | Should -BeNullOrEmpty
            ip link del $renamed
            Assert-NothingLeft
        }

        It 'is deleted: it is Detached, with its last counts; Stop cleans up' {
            ip link del $interface
            $monitor = Get-XdpMonitor $interface
            $monitor.State | Should -Be Detached
            $monitor.Hook | Should -Be None
            $monitor.InterfaceIndex | Should -Be 0
            $monitor.Packets | Should -Be 3
            Get-FlowStat $interface -ErrorAction SilentlyContinue -ErrorVariable failure | Should -BeNullOrEmpty
            $failure.FullyQualifiedErrorId | Should -BeLike 'InterfaceNotFound,*'
            Start-XdpMonitor $interface -ErrorAction SilentlyContinue -ErrorVariable failure | Should -BeNullOrEmpty
            $failure.FullyQualifiedErrorId | Should -BeLike 'InterfaceNotFound,*'
            Stop-XdpMonitor $interface
            Assert-NothingLeft
        }

        It 'is re-created under the same name: it is Detached; <way> begins anew' -ForEach @(
            @{ Way = 'Start'; Do = { $null = Start-XdpMonitor $interface } }
            @{ Way = 'Start -Force'; Do = { $null = Start-XdpMonitor $interface -Force } }
            @{ Way = 'Stop, then Start'; Do = { Stop-XdpMonitor $interface; $null = Start-XdpMonitor $interface } }
        ) {
            ip link del $interface
            Add-SameInterface
            (Get-XdpMonitor $interface).State | Should -Be Detached
            # What is not attached has no flows to give; Get-FlowStat watches for itself.
            Get-FlowStat $interface -SampleInterval 0.1 -ErrorAction Stop | Should -BeNullOrEmpty
            & $do
            Assert-StartsAnew
        }
    }

    Context 'of <mode>, when its interface moves to another namespace' -ForEach $goAlong {
        BeforeEach {
            $script:started = Start-XdpMonitor $interface -AttachMode $mode
            Send-Frame $veth $udp 3
            ip link set dev $interface netns $veth.PeerNamespace
            Invoke-Elsewhere ip, link, set, dev, $interface, up
        }

        It 'is Moved, and still counts there' {
            $veth.Send($udp, 2)
            Wait-Count $interface 5
            $monitor = Get-XdpMonitor $interface
            $monitor.State | Should -Be Moved
            $monitor.Hook | Should -Be $started.Hook
            $monitor.ProgramId | Should -Be $started.ProgramId
            $monitor.InterfaceIndex | Should -Be 0
            $monitor.Packets | Should -Be 5
            Get-AttachPointElsewhere | Should -Be ($mode -eq 'Tc' ? "$tc ingress" : 'xdp')
        }

        It 'says so to Start, where another interface has the name; <way> begins anew' -ForEach @(
            @{ Way = 'Start -Force'; Do = { $null = Start-XdpMonitor $interface -Force } }
            @{ Way = 'Stop, then Start'; Do = { Stop-XdpMonitor $interface; $null = Start-XdpMonitor $interface } }
        ) {
            Add-SameInterface
            Start-XdpMonitor $interface -ErrorAction SilentlyContinue -ErrorVariable failure | Should -BeNullOrEmpty
            $failure.FullyQualifiedErrorId | Should -BeLike 'MonitorMoved,*'
            $failure.CategoryInfo.Category | Should -Be ResourceExists
            "$failure" | Should -BeLike "*another network namespace*Stop-XdpMonitor $interface*-Force*"
            & $do
            Assert-StartsAnew
            Get-AttachPointElsewhere | Should -BeNullOrEmpty
        }

        It 'ends with Stop, there as well' {
            (Stop-XdpMonitor $interface -PassThru).State | Should -Be Moved
            Assert-NothingLeft
            Get-AttachPointElsewhere | Should -BeNullOrEmpty
        }

        It 'runs again when the interface comes back' {
            Invoke-Elsewhere ip, link, set, dev, $interface, netns, $PID
            ip link set dev $interface up
            $monitor = Get-XdpMonitor $interface
            $monitor.State | Should -Be Running
            $monitor.ProgramId | Should -Be $started.ProgramId
            Send-Frame $veth $udp 2
            (Get-FlowStat $interface).Packets | Should -Be 5
        }
    }

    It 'ends with its namespace: the next Start anywhere removes what is left' {
        $namespace = [XTrace.Testbed.NetNamespace]::new("xt-$PID-gone")
        try {
            $path = Invoke-Pwsh '(Start-XdpMonitor lo -Direction Both).Path' 'nsenter', "--net=/run/netns/$($namespace.Name)"
            $path | Should -HaveCount 2
            foreach ($one in $path) {
                Test-Path $one | Should -BeTrue
            }
        } finally {
            $namespace.Dispose()
        }
        # The kernel takes a namespace apart in its own time; until then its monitors run.
        $clock = [Diagnostics.Stopwatch]::StartNew()
        do {
            $null = Start-XdpMonitor $interface -Force
            Start-Sleep -Milliseconds 50
        } while ((Test-Path $path[1]) -and $clock.Elapsed.TotalSeconds -lt 10)
        Test-Path $path[0] | Should -BeFalse
        Test-Path (Split-Path (Split-Path $path[1])) | Should -BeFalse
    }

    Context 'that another version started, <version>' -ForEach @(
        @{ Version = 'an older one, which had a folder for each interface and direction'; Make = {
                $started = Start-XdpMonitor $interface
                $monitor = Split-Path $started.Path
                $path = "$(Split-Path $monitor)/$interface/ingress"
                $null = New-Item -ItemType Directory $path
                bpftool map pin pinned "$monitor/meta" "$path/meta"
                if ($started.LinkId) {
                    bpftool link pin id $started.LinkId "$path/link"
                } else {
                    bpftool prog pin id $started.ProgramId "$path/filter"
                }
                Remove-Item -Recurse $monitor
                $started | Add-Member -Force -PassThru Path $path
            }
        }
        @{ Version = 'a newer one'; Make = {
                $started = Start-XdpMonitor $interface
                [XTrace.Testbed.PinnedMap]::Write("$(Split-Path $started.Path)/meta", 999)
                $started
            }
        }
    ) {
        BeforeEach {
            $script:started = & $make
        }

        It 'is Incompatible, and nobody reads it' {
            $monitor = Get-XdpMonitor $interface
            $monitor.State | Should -Be Incompatible
            $monitor.Direction | Should -Be Ingress
            foreach ($command in 'Start-XdpMonitor', 'Get-FlowStat') {
                & $command $interface -ErrorAction SilentlyContinue -ErrorVariable failure | Should -BeNullOrEmpty
                $failure.FullyQualifiedErrorId | Should -BeLike 'MonitorIncompatible,*'
                "$failure" | Should -BeLike "*$interface*another version*Stop-XdpMonitor*-Force*"
            }
            @(Get-AttachPoint $interface) | Should -HaveCount 1
        }

        It 'goes with Stop' {
            (Stop-XdpMonitor $interface -PassThru).State | Should -Be Incompatible
            Get-AttachPoint $interface | Should -BeNullOrEmpty
            Assert-NothingLeft
        }

        It 'makes room for Start -Force' {
            $null = Start-XdpMonitor $interface -Force
            Assert-StartsAnew
        }

        It 'leaves the other direction alone' {
            (Start-XdpMonitor $interface -Direction Egress).State | Should -Be Running
            (Get-XdpMonitor $interface).State | Should -Be Incompatible, Running
            Send-Out $interface $udp 2
            (Get-FlowStat $interface -Direction Egress).Packets | Should -Be 2
        }
    }

    Context 'in the pipeline' {
        BeforeEach {
            $script:second = [XTrace.Testbed.VethPair]::new($true)
            $null = Start-XdpMonitor $interface, $second.Interface -Direction Both
        }

        AfterEach {
            Clear-Monitor
            $second.Dispose()
        }

        It 'all go from Get-XdpMonitor to Stop-XdpMonitor' {
            $stopped = Get-XdpMonitor "xtw$PID-*" | Stop-XdpMonitor -PassThru
            $stopped.InterfaceAlias | Should -Be $interface, $interface, $second.Interface, $second.Interface
            $stopped.Direction | Should -Be Ingress, Egress, Ingress, Egress
            Get-XdpMonitor "xtw$PID-*" | Should -BeNullOrEmpty
            Get-AttachPoint $interface | Should -BeNullOrEmpty
            Get-AttachPoint $second.Interface | Should -BeNullOrEmpty
        }

        It 'only the direction that is chosen goes: <_>' -ForEach 'Ingress', 'Egress' {
            $other = @{ Ingress = 'Egress'; Egress = 'Ingress' }[$_]
            Get-XdpMonitor $interface -Direction $_ | Stop-XdpMonitor
            (Get-XdpMonitor $interface).Direction | Should -Be $other
            Get-AttachPoint $interface | Should -Be "$tc $other"
            (Get-XdpMonitor $second.Interface).Direction | Should -Be Ingress, Egress
            Stop-XdpMonitor "xtw$PID-*" -Direction $_
            (Get-XdpMonitor "xtw$PID-*").Direction | Should -Be $other, $other
            Get-XdpMonitor $interface -Direction $_ -ErrorAction SilentlyContinue -ErrorVariable failure | Should -BeNullOrEmpty
            $failure.FullyQualifiedErrorId | Should -BeLike 'MonitorNotFound,*'
        }
    }
}
