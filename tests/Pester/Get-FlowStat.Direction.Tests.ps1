BeforeDiscovery {
    . "$PSScriptRoot/Rights.ps1"
}

Describe 'Get-FlowStat, directions' -Tag Privileged -Skip:$unprivileged {
    BeforeAll {
        . "$PSScriptRoot/Testbed.ps1"
        $script:arrives = Frame Udp4 10.0.0.1 1000 10.0.0.2 2000 100
        $script:leaves = Frame Udp4 10.0.0.2 2000 10.0.0.1 1000 40

        # Passes on what Get-FlowStat -Verbose 4>&1 emits; sends two frames in and three out once it has attached what it needs.
        function Send-BothWaysOnceAttached([string] $Last) {
            process {
                if ($_ -isnot [Management.Automation.VerboseRecord]) {
                    $_
                } elseif ($_.Message -like "${interface}: attached to *, $Last.") {
                    $veth.Send($arrives, 2)
                    Send-Out $interface $leaves 3
                }
            }
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

    Context 'where nothing runs' {
        AfterEach {
            Get-AttachPoint $interface | Should -BeNullOrEmpty
        }

        It 'watches what arrives, unless told' {
            $flow = Get-FlowStat $interface -SampleInterval 0.3 -Verbose 4>&1 | Send-BothWaysOnceAttached Ingress
            $flow.Direction | Should -Be Ingress
            $flow.SourceAddress | Should -Be 10.0.0.1
            $flow.Packets | Should -Be 2
        }

        It 'watches what leaves with Egress' {
            $flow = Get-FlowStat $interface -Direction Egress -SampleInterval 0.3 -Verbose 4>&1 | Send-BothWaysOnceAttached Egress
            $flow.Direction | Should -Be Egress
            $flow.SourceAddress | Should -Be 10.0.0.2
            $flow.Packets | Should -Be 3
            $flow.Bytes | Should -Be (3 * 82)
        }

        It 'watches each by itself with Both' {
            $flows = Get-FlowStat $interface -Direction Both -SampleInterval 0.3 -Verbose 4>&1 | Send-BothWaysOnceAttached Egress
            $flows.Direction | Should -Be Ingress, Egress
            $flows.SourceAddress | Should -Be 10.0.0.1, 10.0.0.2
            $flows.Packets | Should -Be 2, 3
            $flows[0].Timestamp | Should -BeOfType datetime
            $flows.Bytes | Should -Be (2 * 142), (3 * 82)
        }
    }

    Context 'where monitors run' {
        It 'says what they leave out' {
            $null = Start-XdpMonitor $interface -Filter @{ TrafficType = 'UDP'; Port = 53 }
            $said = Get-FlowStat $interface -TrafficType TCP -Verbose 4>&1
            $said.Message |
                Should -BeLike "${interface}: reading the monitor that runs on *, Ingress. It keeps only: TrafficType UDP; Port 53."
        }

        It 'reads whatever runs, unless told: <_>' -ForEach 'Ingress', 'Egress', 'Both' {
            $null = Start-XdpMonitor $interface -Direction $_
            $veth.Send($arrives, 2)
            Send-Out $interface $leaves 3
            $ways = $_ -eq 'Both' ? ('Ingress', 'Egress') : $_
            if ($_ -ne 'Egress') {
                Wait-Count $interface 2
            }
            $said, $flows = (Get-FlowStat $interface -Verbose 4>&1).Where({ $_ -is [Management.Automation.VerboseRecord] }, 'Split')
            # Nothing was attached: all that is said is what is read.
            $hook = $tc -eq 'Tcx' ? 'TCX' : 'a clsact filter'
            $said.Message | Should -Be @($ways | ForEach-Object { "${interface}: reading the monitor that runs on $hook, $_." })
            $flows | Should -BeOfType XTrace.FlowStat
            $flows.Direction | Should -Be $ways
            $flows.Packets | Should -Be @($ways | ForEach-Object { @{ Ingress = 2; Egress = 3 }[$_] })
        }

        It 'reads the one that is asked for' {
            $null = Start-XdpMonitor $interface -Direction Both
            $veth.Send($arrives, 2)
            Send-Out $interface $leaves 3
            Wait-Count $interface 2
            (Get-FlowStat $interface -Direction Egress).Packets | Should -Be 3
            (Get-FlowStat $interface -Direction Ingress).Packets | Should -Be 2
            (Get-XdpMonitor $interface -Direction Egress | Get-FlowStat).Packets | Should -Be 3
            (Get-XdpMonitor $interface | Get-FlowStat).Packets | Should -Be 2, 3
        }

        It 'attaches what is asked for and does not run, beside what does, and takes only that off again' {
            $started = Start-XdpMonitor $interface
            $veth.Send($arrives, 5)
            Wait-Count $interface 5
            $flows = Get-FlowStat $interface -Direction Both -SampleInterval 0.3 -MaxSamples 1 -Verbose 4>&1 |
                Send-BothWaysOnceAttached Egress
            $flows.Direction | Should -Be Ingress, Egress
            $flows.Packets | Should -Be 7, 3
            Get-AttachPoint $interface | Should -Be "$tc ingress"
            (Get-XdpMonitor $interface).ProgramId | Should -Be $started.ProgramId
        }

        It 'orders and cuts each direction by itself with -Top' {
            $null = Start-XdpMonitor $interface -Direction Both
            Send-Frame $veth $arrives 2
            Send-Frame $veth (Frame Udp4 10.0.0.1 1001 10.0.0.2 2000 100) 4
            Send-Out $interface $leaves 3
            Send-Out $interface (Frame Udp4 10.0.0.2 2000 10.0.0.1 1001 40) 1
            $flows = Get-FlowStat $interface -Top 1 -By Packets
            $flows.Direction | Should -Be Ingress, Egress
            $flows.Packets | Should -Be 4, 3
        }

        It 'goes on with the other direction when one is stopped between samples' {
            $null = Start-XdpMonitor $interface -Direction Both
            Send-Frame $veth $arrives 2
            Send-Out $interface $leaves 3
            $flows = Get-FlowStat $interface -SampleInterval 0.2 -MaxSamples 3 -ErrorAction SilentlyContinue -ErrorVariable failure |
                ForEach-Object {
                    if ($_.Direction -eq 'Ingress' -and $_.Sample -eq 1) {
                        Stop-XdpMonitor $interface -Direction Ingress
                    }
                    $_
                }
            # The second sample has what arrived until the stop.
            $flows | ForEach-Object { "$($_.Sample) $($_.Direction) $($_.Packets)" } |
                Should -Be '1 Ingress 2', '1 Egress 3', '2 Ingress 2', '2 Egress 3', '3 Egress 3'
            $failure | Should -HaveCount 1
            $failure.FullyQualifiedErrorId | Should -BeLike 'InterfaceGone,*'
        }
    }

    It 'completes the directions' -ForEach 'Get-FlowStat', 'Start-XdpMonitor', 'Get-XdpMonitor', 'Stop-XdpMonitor' {
        $line = "$_ x -Direction "
        (TabExpansion2 $line -cursorColumn $line.Length).CompletionMatches.CompletionText | Should -Be Both, Egress, Ingress
    }
}
