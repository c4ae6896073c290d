BeforeDiscovery {
    . "$PSScriptRoot/Rights.ps1"
}

Describe 'Get-FlowStat, sampling' -Tag Privileged -Skip:$unprivileged {
    BeforeAll {
        . "$PSScriptRoot/Testbed.ps1"
        $script:veth = [XTrace.Testbed.VethPair]::new($true)
        $script:interface = $veth.Interface
        $script:udp = Frame Udp4 10.0.0.1 1000 10.0.0.2 2000 100
    }

    AfterAll {
        $veth.Dispose()
    }

    Context 'where there is no monitor' {
        AfterEach {
            Test-Attached $interface | Should -BeFalse
            Get-XdpMonitor "xtw$PID-*" | Should -BeNullOrEmpty
        }

        It 'watches for the interval and detaches' {
            $took = Measure-Command {
                $script:flow = Get-FlowStat $interface -SampleInterval 1 -Verbose 4>&1 | Send-OnceAttached $veth $udp 50
            }
            $flow.Packets | Should -Be 50
            $flow.Bytes | Should -Be (50 * 142)
            $flow.PacketsPerSecond | Should -BeGreaterThan (50 / $took.TotalSeconds)
            $flow.PacketsPerSecond | Should -BeLessOrEqual 50
            $took.TotalSeconds | Should -BeGreaterOrEqual 1
            $took.TotalSeconds | Should -BeLessThan 5 # what it would be unless told
        }

        It 'uses the hook and the table that are asked for' {
            $said = Get-FlowStat $interface -SampleInterval 0.1 -AttachMode Generic -MaxFlow 1024 -Verbose 4>&1
            "$said" | Should -BeLike "*${interface}: attached to generic XDP, Ingress.*"
            "$said" | Should -Match "^A table for 1024 flows takes \d+ KiB: $(Get-SlotCount 1024) slots on each of $cpus CPUs\."
        }

        It 'ends soon after Select-Object has enough' {
            $took = Measure-Command {
                $script:flows = Get-FlowStat $interface -SampleInterval 5 -Continuous -Verbose 4>&1 |
                    Send-OnceAttached $veth $udp | Select-Object -First 1
            }
            $flows | Should -HaveCount 1
            $took.TotalSeconds | Should -BeLessThan 10 # when a second sample would end
        }

        It 'ends soon when stopped in mid-sample' {
            $session = [powershell]::Create()
            $null = $session.AddScript("Import-Module '$module'; Get-FlowStat $interface -SampleInterval 60").BeginInvoke()
            Wait-Attached $interface
            (Measure-Command { $session.Stop() }).TotalSeconds | Should -BeLessThan 10 # of 60
            $session.InvocationStateInfo.State | Should -Be Stopped
            $session.Dispose()
        }

        It 'detaches when the pipeline behind it throws' {
            {
                Get-FlowStat $interface -SampleInterval 0.2 -Verbose 4>&1 | Send-OnceAttached $veth $udp |
                    ForEach-Object { throw 'enough' }
            } | Should -Throw enough
        }
    }

    Context 'where there is a monitor' {
        BeforeAll {
            $null = Start-XdpMonitor $interface
            Send-Frame $veth $udp 5
        }

        AfterAll {
            Clear-Monitor
        }

        It 'emits as many samples as are asked for, the interval apart, with their own rates' {
            # One flow, so that what follows the pipe runs once between two samples.
            $sent = 100, 300, 0
            $sample = 0
            $flows = Get-FlowStat $interface -SampleInterval 0.4 -MaxSamples 3 | ForEach-Object {
                $_
                $veth.Send($udp, $sent[$sample++])
            }
            $flows.Packets | Should -Be 5, 105, 405
            $flows[0].PacketsPerSecond | Should -Be 0
            foreach ($i in 1, 2) {
                $interval = ($flows[$i].Timestamp - $flows[$i - 1].Timestamp).TotalSeconds
                $interval | Should -BeGreaterThan 0.2
                $interval | Should -BeLessThan 0.8
                [Math]::Abs($flows[$i].PacketsPerSecond * $interval - $sent[$i - 1]) | Should -BeLessThan 2
                [Math]::Abs($flows[$i].BytesPerSecond / 142 - $flows[$i].PacketsPerSecond) | Should -BeLessThan 0.001
            }
            ($flows[2].Timestamp - $flows[0].Timestamp).TotalSeconds | Should -BeGreaterThan 0.7
            ($flows[2].Timestamp - $flows[0].Timestamp).TotalSeconds | Should -BeLessThan 1.2
        }

        It 'leaves the monitor running when it ends' {
            $before = Get-XdpMonitor $interface
            $null = Get-FlowStat $interface -SampleInterval 0.1 -Continuous | Select-Object -First 2
            $after = Get-XdpMonitor $interface
            $after.State | Should -Be Running
            $after.LinkId | Should -Be $before.LinkId
        }

        It 'samples several interfaces at one moment' {
            $second = [XTrace.Testbed.VethPair]::new($true)
            try {
                $null = Start-XdpMonitor $second.Interface
                Send-Frame $second $udp 7
                $flows = Get-FlowStat $interface, $second.Interface -SampleInterval 0.2 -MaxSamples 2
                $flows.InterfaceAlias | Should -Be $interface, $second.Interface, $interface, $second.Interface
                $flows.Sample | Should -Be 1, 1, 2, 2
                $flows[1].Timestamp | Should -Be $flows[0].Timestamp
                $flows[3].Timestamp | Should -Be $flows[2].Timestamp
                $flows[2].Timestamp | Should -BeGreaterThan $flows[0].Timestamp
            } finally {
                $second.Dispose()
            }
        }
    }

    It 'does not take intervals out of range' {
        { Get-FlowStat $interface -SampleInterval 0.05 } | Should -Throw -ErrorId 'ParameterArgumentTransformationError,*'
        Test-Attached $interface | Should -BeFalse
    }
}
