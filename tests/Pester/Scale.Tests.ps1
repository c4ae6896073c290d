# As many flows, samples and interruptions as there may ever be. What is measured is said with -Output Detailed.
BeforeDiscovery {
    . "$PSScriptRoot/Rights.ps1"
}

Describe 'At scale' -Tag Privileged, Slow -Skip:$unprivileged {
    BeforeAll {
        . "$PSScriptRoot/Testbed.ps1"
        $script:veth = [XTrace.Testbed.VethPair]::new($true)
        $script:interface = $veth.Interface
        $script:flowCount = 65536

        function Out-Measured([string] $What) {
            Write-Information "     $What" -InformationAction Continue
        }

        # A pwsh of its own, as a user's terminal starts it: SIGINT is Ctrl+C, whatever this process was told to ignore.
        function Open-Pwsh([string] $Command) {
            $start = [Diagnostics.ProcessStartInfo]::new('env', [string[]] ('--default-signal=INT', 'POWERSHELL_TELEMETRY_OPTOUT=1',
                    'pwsh', '-NoProfile', '-NonInteractive', '-Command', $Command))
            $start.RedirectStandardOutput = $true
            $start.RedirectStandardError = $true
            [Diagnostics.Process]::Start($start)
        }

        # Ctrl+C, and the milliseconds until it ended.
        function Close-Pwsh([Diagnostics.Process] $Process) {
            $clock = [Diagnostics.Stopwatch]::StartNew()
            kill -INT $Process.Id
            if (-not $Process.WaitForExit(10000)) {
                $Process.Kill($true)
            }
            $clock.ElapsedMilliseconds
        }

        function Assert-NothingLeft([string] $After) {
            Get-AttachPoint $interface | Should -BeNullOrEmpty -Because $After
            Get-XdpMonitor $interface -ErrorAction Ignore | Should -BeNullOrEmpty -Because $After
        }
    }

    AfterAll {
        $veth.Dispose()
    }

    Context 'with 65,536 flows' {
        BeforeAll {
            # One frame each; only the last are long, each longer by a byte, and none of those can be evicted by a later one.
            [byte[][]] $frames = for ($flow = 0; $flow -lt $flowCount; $flow++) {
                $payload = [Math]::Max($flow % 900, 1000 + 30 - ($flowCount - $flow))
                , [XTrace.Testbed.Frames]::Udp4("10.0.$($flow -shr 14).1", $flow -band 0x3fff, '10.0.0.2', 2000, $payload)
            }
            $null = Start-XdpMonitor $interface -MaxFlow 524288
            $veth.Send($frames)
            Wait-Count $interface $flowCount
            $script:monitor = Get-XdpMonitor $interface
        }

        AfterAll {
            Clear-Monitor
        }

        It 'emits each, or has counted it as evicted' {
            $clock = [Diagnostics.Stopwatch]::StartNew()
            $flows = Get-FlowStat $interface
            Out-Measured "$($flows.Count) flows in $($clock.ElapsedMilliseconds) ms, $($monitor.EvictedPackets) evicted"
            $monitor.Packets | Should -Be $flowCount
            $flows.Count + $monitor.EvictedPackets | Should -Be $flowCount
            $flows.Count | Should -BeGreaterThan ($flowCount - 100)
            $bytes = [uint64] 0
            foreach ($flow in $flows) { $bytes += $flow.Bytes }
            $bytes + $monitor.EvictedBytes | Should -Be $monitor.Bytes
        }

        It 'gives the same flows by Sort-Object and by -Top, which takes less than half of the time' {
            $clock = [Diagnostics.Stopwatch]::StartNew()
            $sorted = Get-FlowStat $interface | Sort-Object Bytes -Descending | Select-Object -First 20
            $sortedTime = $clock.Elapsed
            $clock.Restart()
            $top = Get-FlowStat $interface -Top 20
            Out-Measured "Sort-Object: $([int] $sortedTime.TotalMilliseconds) ms; -Top: $($clock.ElapsedMilliseconds) ms"
            $clock.Elapsed.TotalSeconds | Should -BeLessThan ($sortedTime.TotalSeconds / 2)
            $top.Bytes | Should -Be $sorted.Bytes
            $top | ForEach-Object { "$_" } | Should -Be ($sorted | ForEach-Object { "$_" })
            $top.Bytes[0] | Should -Be (42 + 1029)
            $top.Bytes | Sort-Object -Unique | Should -HaveCount 20
        }

        It 'ends with Ctrl+C while it emits' {
            foreach ($delay in 0, 40, 120, 300, 700) {
                $show = "while (`$true) { Get-FlowStat $interface | Format-Table | Out-String -Stream }"
                $process = Open-Pwsh "Import-Module '$module'; 'ready'; $show"
                $process.StandardOutput.ReadLine() | Should -Be ready
                $rest = $process.StandardOutput.ReadToEndAsync()
                Start-Sleep -Milliseconds $delay
                # Half a second more for pwsh itself to end.
                Close-Pwsh $process | Should -BeLessThan 1500 -Because "Ctrl+C came $delay ms after it began"
                $null = $rest.Result
            }
            (Get-XdpMonitor $interface).State | Should -Be Running
        }
    }

    Context 'over 1,000 samples' -Tag Machine {
        BeforeAll {
            # What a full collection leaves, what the system sees, and open files but for pwsh's own assemblies, at each hundredth sample.
            function Open-Sampling([string] $Source) {
                Open-Pwsh @"
Import-Module '$module'
`$sample = 0; `$last = [datetime]::MinValue
$Source -SampleInterval 0.1 -Continuous | ForEach-Object {
    if (`$_.Timestamp -eq `$last) { return }
    `$last = `$_.Timestamp
    if (++`$sample % 100 -eq 0) {
        `$heap = [GC]::GetTotalMemory(`$true)
        "{0} {1} {2} {3}" -f `$sample, `$heap, ([long] (Get-Content /proc/self/statm).Split(' ')[1] * 4096),
            @(Get-ChildItem /proc/self/fd | Where-Object LinkTarget -NotLike '*.dll').Count
    }
} | Select-Object -First 12
"@
            }
            $script:sysfs = $env:XTRACE_SYSFS_ROOT
            $script:tree = [XTrace.Testbed.SysfsTree]::new()
            $env:XTRACE_SYSFS_ROOT = $tree.Root
            Add-RdmaDevice $tree mlx5_0
            $null = Start-XdpMonitor $interface
            foreach ($port in 1..200) {
                $veth.Send((Frame Udp4 10.0.0.1 $port 10.0.0.2 2000 100))
            }
            Wait-Count $interface 200
            # At the same time: each waits for two minutes.
            $script:processes = @{
                'Get-FlowStat' = Open-Sampling "Get-FlowStat $interface"
                'Get-RdmaCounter' = Open-Sampling 'Get-RdmaCounter mlx5_0'
            }
        }

        AfterAll {
            $processes.Values | Where-Object { -not $_.HasExited } | ForEach-Object { $_.Kill($true) }
            $env:XTRACE_SYSFS_ROOT = $sysfs
            $tree.Dispose()
            Clear-Monitor
        }

        It '<_> keeps its memory' -ForEach 'Get-FlowStat', 'Get-RdmaCounter' {
            $points = @($processes[$_].StandardOutput.ReadToEnd().Trim() -split '\n' | ForEach-Object {
                    $sample, $heap, $resident, $files = [long[]] (-split $_)
                    [pscustomobject] @{ Sample = $sample; Heap = $heap; Resident = $resident; Files = $files }
                })
            $processes[$_].StandardError.ReadToEnd() | Should -BeNullOrEmpty
            $points.Sample | Should -Be (1..12 | ForEach-Object { $_ * 100 })
            # Until about 400 the runtime compiles, and grows by what that takes.
            $from, $to = $points[3], $points[11]
            Out-Measured ('heap {0:n0} KiB at 400, {1:n0} KiB at 1,200; resident {2:n1} MiB, {3:n1} MiB; files {4}, {5}' -f
                ($from.Heap / 1KB), ($to.Heap / 1KB), ($from.Resident / 1MB), ($to.Resident / 1MB), $from.Files, $to.Files)
            # One object kept of each sample's would be more.
            ($to.Heap - $from.Heap) / 800 | Should -BeLessThan 200
            ($to.Resident - $from.Resident) | Should -BeLessThan 8MB
            # The runtime itself opens a file for a moment now and then.
            ($points[8..11].Files | Measure-Object -Minimum).Minimum | Should -BeLessOrEqual $from.Files
        }
    }

    It 'ends soon after Ctrl+C at any moment, and leaves nothing attached' {
        # PowerShell takes its time to end as well, and does not listen to Ctrl+C before it runs a command: that is when ready is said.
        $alone = foreach ($round in 1..5) {
            $process = Open-Pwsh "'ready'; Start-Sleep 60"
            $null = $process.StandardOutput.ReadLine()
            Close-Pwsh $process
        }
        # The kernel does not let go of a process while it verifies a program.
        $load = foreach ($round in 1..5) {
            (Measure-Command { Get-FlowStat $interface -SampleInterval 0.1 }).TotalMilliseconds
        }
        $limit = 1000 + ($alone | Measure-Object -Maximum).Maximum + ($load | Measure-Object -Maximum).Maximum
        $random = [Random]::new(1)
        $slowest = $attached = 0
        # While the module loads, while it attaches, while it waits, and while it samples.
        foreach ($round in 1..25) {
            $delay = $random.Next(0, 1500)
            $process = Open-Pwsh "'ready'; Import-Module '$module'; Get-FlowStat $interface -SampleInterval 0.2 -Continuous"
            $null = $process.StandardOutput.ReadLine()
            Start-Sleep -Milliseconds $delay
            $attached += Test-Attached $interface
            $took = Close-Pwsh $process
            $took | Should -BeLessThan $limit -Because "Ctrl+C came $delay ms after it began"
            $slowest = [Math]::Max($slowest, $took)
            $process.StandardError.ReadToEnd() | Should -BeNullOrEmpty
            Assert-NothingLeft "Ctrl+C came $delay ms after it began"
        }
        Out-Measured "the slowest of 25 took $slowest ms, pwsh alone $(($alone | Sort-Object)[2]) ms; $attached were attached"
        $attached | Should -BeGreaterThan 0
        $attached | Should -BeLessThan 25
    }

    It 'ends soon after Stop at any moment, and leaves nothing attached: <_>' -ForEach 'Get-FlowStat', 'Start-XdpMonitor' {
        # PowerShell takes its time as well.
        $alone = foreach ($round in 1..5) {
            $session = [powershell]::Create()
            $null = $session.AddScript('Start-Sleep 60').BeginInvoke()
            Start-Sleep -Milliseconds 100
            (Measure-Command { $session.Stop() }).TotalMilliseconds
            $session.Dispose()
        }
        # Nor does Stop come between while the kernel verifies a program.
        $load = foreach ($round in 1..5) {
            (Measure-Command { Get-FlowStat $interface -SampleInterval 0.1 -Direction Both }).TotalMilliseconds
        }
        $limit = 1000 + ($alone | Measure-Object -Maximum).Maximum + ($load | Measure-Object -Maximum).Maximum
        $random = [Random]::new(2)
        $slowest = 0
        $attached = 0
        foreach ($round in 1..40) {
            # Until it is attached: it loads its programs first.
            $delay = $random.Next(0, 1000)
            $session = [powershell]::Create()
            $null = $session.AddScript("Import-Module '$module'").Invoke()
            $session.Commands.Clear()
            $script = if ($_ -eq 'Get-FlowStat') {
                "Get-FlowStat $interface -SampleInterval 0.1 -Continuous"
            } else {
                "Start-XdpMonitor $interface -Direction Both -Force"
            }
            $null = $session.AddScript($script).BeginInvoke()
            Start-Sleep -Milliseconds $delay
            $attached += Test-Attached $interface
            $clock = [Diagnostics.Stopwatch]::StartNew()
            $session.Stop()
            $slowest = [Math]::Max($slowest, $clock.ElapsedMilliseconds)
            $session.Streams.Error | Should -BeNullOrEmpty
            $session.Dispose()
            if ($_ -eq 'Start-XdpMonitor') {
                # What it had started is whole; what it had not is not there.
                $monitors = @(Get-XdpMonitor $interface -ErrorAction Ignore)
                $monitors.State | Where-Object { $_ -ne 'Running' } | Should -BeNullOrEmpty
                @(Get-AttachPoint $interface) | Should -HaveCount $monitors.Count
                Clear-Monitor
            }
            Assert-NothingLeft "Stop came $delay ms after it began"
        }
        Out-Measured "the slowest of 40 took $slowest ms; $attached were attached"
        $slowest | Should -BeLessThan $limit
        $attached | Should -BeGreaterThan 0
        $attached | Should -BeLessThan 40
    }
}
