# The scripts of examples/, run as a schedule runs them: in a pwsh of their own that finds the module by its name.
BeforeDiscovery {
    . "$PSScriptRoot/Rights.ps1"
    $script:examples = (Get-ChildItem "$PSScriptRoot/../../examples/*.ps1").Name
}

Describe 'The example' -Tag Privileged -Skip:$unprivileged {
    BeforeAll {
        . "$PSScriptRoot/Testbed.ps1"
        $script:folder = Join-Path $repository examples
        $script:udp = Frame Udp4 10.0.0.1 1000 10.0.0.2 2000 100
        $script:tcp = Frame Tcp4 10.0.0.1 443 10.0.0.2 3000 10

        # What starts an example; with its output and its errors in files.
        function Invoke-Example([string] $Name, [string] $Arguments, [hashtable] $Environment = @{}, [string[]] $Through = 'env') {
            $Environment.PSModulePath = "$repository/out"
            $Environment.NO_COLOR = '1'
            $words = @($Through | Select-Object -Skip 1) +
                'pwsh', '-NoProfile', '-NonInteractive', '-File', "$folder/$Name" + $Arguments.Split()
            $redirection = @{ RedirectStandardOutput = "$TestDrive/out"; RedirectStandardError = "$TestDrive/err" }
            Start-Process $Through[0] $words -PassThru -Environment $Environment @redirection
        }

        # Until it watches; a pwsh takes its time to start on a busy machine.
        function Wait-Watching([Diagnostics.Process] $Process, [string] $Interface) {
            $clock = [Diagnostics.Stopwatch]::StartNew()
            while (-not (Test-Attached $Interface)) {
                if ($Process.HasExited -or $clock.Elapsed.TotalSeconds -gt 60) {
                    throw "It does not watch ${Interface}: $(Get-Content "$TestDrive/err")"
                }
                Start-Sleep -Milliseconds 20
            }
        }

        # Its exit code; its output is then $output, its errors are $errors.
        function Wait-Example([Diagnostics.Process] $Process) {
            $Process.WaitForExit(60000) | Should -BeTrue
            $script:output = Get-Content "$TestDrive/out"
            # Without the bars in front of the lines that a message takes.
            $script:errors = (Get-Content "$TestDrive/err") -join ' ' -replace '\s+\|\s+', ' '
            $Process.ExitCode
        }
    }

    It '<_> has help for all that it takes' -ForEach $examples {
        $help = Get-Help "$folder/$_" -Full
        $help.Synopsis | Should -Match '^[A-Z].*\.$'
        $help.alertSet.alert.Text | Should -Match 'Exit code'
        @($help.examples.example).Count | Should -BeGreaterThan 1
        $common = [Management.Automation.Cmdlet]::CommonParameters + 'WhatIf', 'Confirm'
        $own = (Get-Command "$folder/$_").Parameters.Keys | Where-Object { $_ -notin $common }
        foreach ($one in $own) {
            ($help.parameters.parameter | Where-Object name -EQ $one).description.Text | Should -Not -BeNullOrEmpty -Because $one
        }
        foreach ($one in $help.examples.example) {
            $problems = $null
            $null = [Management.Automation.Language.Parser]::ParseInput($one.code, [ref] $null, [ref] $problems)
            $problems | Should -BeNullOrEmpty
        }
    }

    Context 'Export-FlowRow.ps1' {
        BeforeEach {
            $script:veth = [XTrace.Testbed.VethPair]::new($true)
            $script:interface = $veth.Interface
        }

        AfterEach {
            Clear-Monitor
            $veth.Dispose()
        }

        It 'writes what each flow gained: sums over rows are what was on the wire' {
            Start-XdpMonitor $interface
            $roce = Frame RoceV2 10.0.0.1 49152 10.0.0.2 18 4 256
            $path = "$TestDrive/rows-$(New-Guid).jsonl"
            $veth.Send($udp, 5)
            $veth.Send((Frame Arp 10.0.0.1 10.0.0.2), 2)
            Wait-Count $interface 7
            $sent = 0
            Get-FlowStat $interface -MaxSamples 3 -SampleInterval 0.5 | ForEach-Object {
                # Between the samples.
                if ($_.Sample -ne $sent) {
                    $sent = $_.Sample
                    $veth.Send($udp, 10)
                    $veth.Send($roce, 3)
                }
                $_
            } | & "$folder/Export-FlowRow.ps1" -Path $path
            $rows = Get-Content $path | ConvertFrom-Json
            $bytes = @{}
            foreach ($group in $rows | Group-Object TrafficType) {
                $bytes[$group.Name] = ($group.Group | Measure-Object Bytes -Sum).Sum, ($group.Group | Measure-Object Packets -Sum).Sum
            }
            $bytes.UDP | Should -Be (25 * $udp.Length), 25
            $bytes.RoCEv2 | Should -Be (6 * $roce.Length), 6
            $bytes.Ethernet[1] | Should -Be 2
            @($rows | Where-Object TrafficType -EQ UDP).Packets | Should -Be 5, 10, 10
            $row = $rows | Where-Object TrafficType -EQ RoCEv2 | Select-Object -First 1
            $row.DstAddr, $row.DstQueuePair, $row.Opcode, $row.Direction | Should -Be '::ffff:10.0.0.2', 18, 4, ingress
            # They are the columns of the table.
            $table = (Get-Content "$repository/deploy/clickhouse/xtrace.sql" -Raw) -replace '(?s)\)\s*ENGINE.*'
            $columns = [regex]::Matches($table, '(?m)^    ([A-Z]\w+) [A-Z]').ForEach{ $_.Groups[1].Value }
            $rows[0].psobject.Properties.Name | Should -Be $columns
        }
    }

    Context 'Export-TopTalker.ps1' {
        BeforeEach {
            $script:veth = [XTrace.Testbed.VethPair]::new($true)
            $script:interface = $veth.Interface
            $script:csv = "$TestDrive/talkers-$(New-Guid).csv"
        }

        AfterEach {
            Clear-Monitor
            $veth.Dispose()
        }

        It 'appends what carried most, greatest first, under one header, in any culture and time zone' {
            foreach ($run in 1, 2) {
                $words = "-Path $csv -InterfaceAlias $interface -Seconds 2 -Top 2"
                $process = Invoke-Example Export-TopTalker.ps1 $words -Environment @{ LC_ALL = 'de_DE.UTF-8'; TZ = 'Asia/Kolkata' }
                Wait-Watching $process $interface
                $veth.Send($udp, 11)
                $veth.Send($tcp, 12)
                $veth.Send((Frame Arp 10.0.0.1 10.0.0.2))
                Wait-Example $process | Should -Be 0
                $output | Should -BeNullOrEmpty
                $errors | Should -BeNullOrEmpty
                Test-Attached $interface | Should -BeFalse
            }
            @(Get-Content $csv) | Should -HaveCount 5
            $header = 'Time,Seconds,InterfaceAlias,Direction,TrafficType,Protocol,VlanId,SourceAddress,SourcePort,' +
                'DestinationAddress,DestinationPort,DestinationQueuePair,Opcode,PacketsPerSecond,BytesPerSecond'
            (Get-Content $csv -TotalCount 1).Replace('"', '') | Should -Be $header
            $rows = Import-Csv $csv
            $rows.TrafficType | Should -Be UDP, TCP, UDP, TCP
            $rows[0].InterfaceAlias | Should -Be $interface
            $rows[0].Direction | Should -Be Ingress
            $rows[0].SourceAddress | Should -Be 10.0.0.1
            $rows[0].SourcePort | Should -Be 1000
            $rows[0].DestinationPort | Should -Be 2000
            $rows[0].Opcode | Should -BeNullOrEmpty
            foreach ($row in $rows) {
                $row.BytesPerSecond | Should -Match '^\d+\.\d$'
                # 11 and 12 frames over 2 s, as measured.
                [double]::Parse($row.PacketsPerSecond, [cultureinfo]::InvariantCulture) | Should -BeGreaterThan 4
                [double]::Parse($row.PacketsPerSecond, [cultureinfo]::InvariantCulture) | Should -BeLessThan 6.1
                $time = [datetime]::ParseExact($row.Time, 'yyyy-MM-ddTHH:mm:ssZ', [cultureinfo]::InvariantCulture, 'AdjustToUniversal')
                [Math]::Abs(([datetime]::UtcNow - $time).TotalSeconds) | Should -BeLessThan 30
            }
        }

        It 'reads the monitor that runs, for this interval only, and leaves it' {
            $null = Start-XdpMonitor $interface -Direction Both
            Send-Frame $veth $tcp 100
            $process = Invoke-Example Export-TopTalker.ps1 "$csv $interface -Seconds 2"
            # It begins to read when pwsh is up; these are sent before, at and after.
            while (-not $process.HasExited) {
                $veth.Send($udp)
                Send-Out $interface $udp
                Start-Sleep -Milliseconds 50
            }
            Wait-Example $process | Should -Be 0
            $rows = Import-Csv $csv
            $rows.TrafficType | Should -Be UDP, UDP
            $rows.Direction | Should -Be Ingress, Egress
            (Get-XdpMonitor $interface).State | Should -Be Running, Running
        }

        It 'refuses a file with other columns before it watches, and leaves it' {
            Set-Content $csv 'Time,Something'
            Wait-Example (Invoke-Example Export-TopTalker.ps1 "$csv $interface -Seconds 60") | Should -Be 1
            $errors | Should -BeLike '*has other columns*Move it away*'
            $output | Should -BeNullOrEmpty
            Get-Content $csv | Should -Be 'Time,Something'
        }

        It 'refuses a folder that is not there' {
            Wait-Example (Invoke-Example Export-TopTalker.ps1 "$TestDrive/nosuch/t.csv $interface -Seconds 60") | Should -Be 1
            $errors | Should -BeLike '*folder*does not exist*'
        }

        It 'writes the rows of the others where an interface is not there, and fails' {
            $command = "& '$folder/Export-TopTalker.ps1' '$csv' nosuch, $interface -Seconds 2; exit `$LASTEXITCODE"
            $options = @{
                Environment = @{ PSModulePath = "$repository/out"; NO_COLOR = '1' }
                RedirectStandardOutput = "$TestDrive/out"
                RedirectStandardError = "$TestDrive/err"
            }
            $process = Start-Process pwsh '-NoProfile', '-NonInteractive', '-Command', "`"$command`"" -PassThru @options
            Wait-Watching $process $interface
            $veth.Send($udp, 3)
            Wait-Example $process | Should -Be 1
            $errors | Should -BeLike "*no network interface 'nosuch'*"
            (Import-Csv $csv).SourcePort | Should -Be 1000
        }

        It 'names the rights that it lacks' {
            Wait-Example (Invoke-Example Export-TopTalker.ps1 "$csv $interface -Seconds 1" -Through setpriv, --bounding-set=-all) |
                Should -Be 1
            $errors | Should -BeLike '*CAP_BPF, CAP_PERFMON, CAP_NET_ADMIN*'
            Test-Path $csv | Should -BeFalse
        }

        It 'with -WhatIf says what it would do' {
            Wait-Example (Invoke-Example Export-TopTalker.ps1 "$csv $interface -WhatIf") | Should -Be 0
            "$output" | Should -BeLike "What if:*Append the top 20 flows of 50 s*$csv*"
            Test-Path $csv | Should -BeFalse
        }

        It 'checks what it is given: <_>' -ForEach '-Seconds 0', '-Top 0', '-Direction Sideways' {
            Wait-Example (Invoke-Example Export-TopTalker.ps1 "$csv $interface $_") | Should -Be 1
            $errors | Should -Match $_.Split()[0].TrimStart('-')
        }
    }

    Context 'Test-RdmaErrorCounter.ps1' {
        BeforeAll {
            $script:before = $env:XTRACE_SYSFS_ROOT
            $script:path = Join-Path $folder Test-RdmaErrorCounter.ps1
        }

        BeforeEach {
            $script:tree = [XTrace.Testbed.SysfsTree]::new()
            $env:XTRACE_SYSFS_ROOT = $tree.Root
            Add-RdmaDevice $tree mlx5_0
            Add-RdmaDevice $tree mlx5_1 0000:3b:00.1 eth1
            $script:port = 'devices/pci0000:3b/0000:3b:00.1/infiniband/mlx5_1/ports/1'
            $tree.Write("$port/counters/symbol_error", '3')
            $tree.Write("$port/hw_counters/req_cqe_error", '10')
            $script:state = "$TestDrive/state-$(New-Guid).json"
            & $path $state | Should -BeNullOrEmpty
            $LASTEXITCODE | Should -Be 0
        }

        AfterEach {
            $tree.Dispose()
        }

        AfterAll {
            $env:XTRACE_SYSFS_ROOT = $before
        }

        It 'is silent while nothing rises, and emits once what rose' {
            & $path $state | Should -BeNullOrEmpty
            $LASTEXITCODE | Should -Be 0
            $tree.Write("$port/counters/symbol_error", '8')
            $risen = & $path $state
            $LASTEXITCODE | Should -Be 2
            $risen | Should -HaveCount 1
            $risen.Device | Should -Be mlx5_1
            $risen.Port | Should -Be 1
            $risen.InterfaceAlias | Should -Be eth1
            $risen.Name | Should -Be symbol_error
            $risen.Rise | Should -Be 5
            $risen.Value | Should -Be 8
            $risen.Description | Should -BeLike 'Minor link errors*'
            $risen.Since | Should -BeLessThan $risen.Time
            ([datetime]::UtcNow - $risen.Time).TotalSeconds | Should -BeLessThan 10
            & $path $state | Should -BeNullOrEmpty
            $LASTEXITCODE | Should -Be 0
        }

        It 'exits in a pwsh of its own as it does here, without any right' {
            $tree.Write("$port/hw_counters/req_cqe_error", '11')
            $variables = @{ XTRACE_SYSFS_ROOT = $tree.Root }
            $process = Invoke-Example Test-RdmaErrorCounter.ps1 $state -Environment $variables -Through setpriv, --bounding-set=-all
            Wait-Example $process | Should -Be 2
            $output -match '^Name +: req_cqe_error$' | Should -HaveCount 1
            $errors | Should -BeNullOrEmpty
        }

        It 'says of a counter that was reset what it has counted since' {
            $tree.Write("$port/counters/symbol_error", '0')
            & $path $state | Should -BeNullOrEmpty
            $LASTEXITCODE | Should -Be 0
            $tree.Write("$port/hw_counters/req_cqe_error", '4')
            $risen = & $path $state
            $LASTEXITCODE | Should -Be 2
            $risen.Name | Should -Be req_cqe_error
            $risen.Rise | Should -BeNullOrEmpty
            $risen.Value | Should -Be 4
        }

        It 'leaves out small rises, other names and other categories' {
            $tree.Write("$port/counters/symbol_error", '12')
            $tree.Write("$port/hw_counters/out_of_sequence", '1000')
            $copy = "$TestDrive/copy-$(New-Guid).json"
            $cases = @{ MinimumRise = 10; Risen = $null }, @{ MinimumRise = 9; Risen = 'symbol_error' },
                @{ Name = 'req_*'; Risen = $null }
            foreach ($case in $cases) {
                $expected = $case.Risen
                $case.Remove('Risen')
                Copy-Item $state $copy
                (& $path $copy @case).Name | Should -Be $expected
            }
            $other = "$TestDrive/other-$(New-Guid).json"
            & $path $other -Category Retransmission
            $tree.Write("$port/hw_counters/out_of_sequence", '1001')
            (& $path $other -Category Retransmission).Name | Should -Be out_of_sequence
        }

        It 'with -WhatIf remembers nothing' {
            $tree.Write("$port/counters/symbol_error", '8')
            foreach ($run in 1, 2) {
                $process = Invoke-Example Test-RdmaErrorCounter.ps1 "$state -WhatIf" -Environment @{ XTRACE_SYSFS_ROOT = $tree.Root }
                Wait-Example $process | Should -Be 2
                "$output" | Should -BeLike "What if:*Remember 2 counters*$state*Rise*: 5*"
            }
            Get-ChildItem "$state.*" | Should -BeNullOrEmpty
        }

        It 'compares a counter that could not be read with what it was before' {
            $file = $tree.PathOf("$port/counters/symbol_error")
            rm $file
            $tree.Fail("$port/counters/symbol_error", 22)
            & $path $state -Verbose 4>&1 | Where-Object { "$_" -like 'mlx5_1/1/Counters/symbol_error: Failed' } | Should -HaveCount 1
            rm $file
            $tree.Write("$port/counters/symbol_error", '5')
            (& $path $state).Rise | Should -Be 2
        }

        It 'fails when a device is gone, until it is told that this is meant' {
            Remove-Item $tree.PathOf('class/infiniband/mlx5_0')
            $remembered = Get-FileHash $state
            { & $path $state } | Should -Throw "RDMA device 'mlx5_0' was there at * and is gone*remove*"
            (Get-FileHash $state).Hash | Should -Be $remembered.Hash
            Wait-Example (Invoke-Example Test-RdmaErrorCounter.ps1 $state -Environment @{ XTRACE_SYSFS_ROOT = $tree.Root }) | Should -Be 1
            Remove-Item $state
            & $path $state | Should -BeNullOrEmpty
            $LASTEXITCODE | Should -Be 0
        }

        It 'fails where there is no device at all, and for a name that is not there' {
            { & $path $state -Device nosuch* } | Should -Throw "There is no RDMA device 'nosuch*'*"
            { & $path $state -Device mlx5_7 } | Should -Throw "There is no RDMA device 'mlx5_7'*mlx5_0, mlx5_1*"
            { & $path $state -Name nosuch } | Should -Throw "*has a counter 'nosuch'*"
        }

        It 'refuses a file that it did not write: <_>' -ForEach '{', '[]', '{ "Time": "yesterday" }' {
            Set-Content $state $_
            { & $path $state } | Should -Throw "*does not hold what this script remembers*Remove it*"
            Get-Content $state | Should -Be $_
        }
    }

    Context 'Compare-FlowBaseline.ps1' {
        BeforeAll {
            $script:path = Join-Path $folder Compare-FlowBaseline.ps1
        }

        BeforeEach {
            $script:veth = [XTrace.Testbed.VethPair]::new($true)
            $script:interface = $veth.Interface
            $script:baseline = "$TestDrive/baseline-$(New-Guid).json"
        }

        AfterEach {
            Clear-Monitor
            $veth.Dispose()
        }

        It 'tells exactly what was on the wire since the baseline' {
            $null = Start-XdpMonitor $interface
            Send-Frame $veth $udp 3
            Send-Frame $veth (Frame Arp 10.0.0.1 10.0.0.2) 1
            & $path $baseline -Save $interface | Should -BeNullOrEmpty
            $LASTEXITCODE | Should -Be 0
            & $path $baseline | Should -BeNullOrEmpty
            Send-Frame $veth $udp 5
            Send-Frame $veth $tcp 7
            $changes = & $path $baseline
            $LASTEXITCODE | Should -Be 0
            $changes.Change | Should -Be Changed, New
            $changes.Packets | Should -Be 5, 7
            $changes.Bytes | Should -Be (5 * $udp.Length), (7 * $tcp.Length)
            $changes.TrafficType | Should -Be UDP, TCP
            $changes.DestinationPort | Should -Be 2000, 3000
            $changes.InterfaceAlias | Should -Be $interface, $interface
            $changes.Direction | Should -Be Ingress, Ingress
            $changes.IsLowerBound | Should -Be $false, $false
            $changes[0].Since | Should -BeLessThan $changes[0].Time
            $all = & $path $baseline -IncludeUnchanged
            $all.Change | Should -Be Changed, New, Unchanged
            $all[2].TrafficType | Should -Be Ethernet
        }

        It 'adds up what -Property makes one' {
            $null = Start-XdpMonitor $interface
            Send-Frame $veth (Frame Tcp4 10.0.0.1 443 10.0.0.2 3000) 2
            & $path $baseline -Save $interface
            foreach ($port in 3000..3002) {
                Send-Frame $veth (Frame Tcp4 10.0.0.1 443 10.0.0.2 $port) 2
            }
            Send-Frame $veth (Frame Udp4 10.0.0.1 443 10.0.0.2 3000) 1
            $changes = & $path $baseline -Property TrafficType, SourceAddress, DestinationAddress
            $changes.Change | Should -Be Changed, New
            $changes.Packets | Should -Be 6, 1
            $changes[0].PSObject.Properties.Name | Should -Not -Contain DestinationPort
        }

        It 'keeps interfaces and directions apart, of those in the file only' {
            $second = [XTrace.Testbed.VethPair]::new($true)
            try {
                $null = Start-XdpMonitor $interface -Direction Both
                $null = Start-XdpMonitor $second.Interface
                & $path $baseline -Save "$interface*"
                Send-Frame $veth $udp 2
                Send-Frame $second $udp 9
                Send-Out $interface $udp 3
                $changes = & $path $baseline
                $changes.Direction | Should -Be Egress, Ingress
                $changes.Packets | Should -Be 3, 2
            } finally {
                Clear-Monitor
                $second.Dispose()
            }
        }

        It 'says what it cannot know where flows made room for others' {
            # A table of so few slots that a hundred flows cannot all stay.
            $null = Start-XdpMonitor $interface -MaxFlow 8
            Use-OneCpu {
                Send-Frame $veth $udp 3
                & $path $baseline -Save $interface
                foreach ($port in 1..100) {
                    Send-Frame $veth (Frame Tcp4 10.0.0.1 $port 10.0.0.2 80)
                }
            }
            $changes = & $path $baseline -WarningVariable warning -WarningAction SilentlyContinue
            $evicted = (Get-XdpMonitor $interface).EvictedPackets
            "$warning" | Should -BeLike "${interface}: $evicted packets are of flows that made room*-MaxFlow*"
            $gone = $changes | Where-Object Change -EQ Gone
            $gone.SourcePort | Should -Be 1000
            $gone.IsLowerBound | Should -BeTrue
            $gone.Packets | Should -Be 0
            Send-Frame $veth $udp 1
            $back = & $path $baseline -WarningAction SilentlyContinue | Where-Object SourcePort -EQ 1000
            $back.Change | Should -Be Changed
            $back.Packets | Should -Be 1
            $back.IsLowerBound | Should -BeTrue
        }

        It 'refuses to compare with a monitor that was started anew' {
            $null = Start-XdpMonitor $interface
            & $path $baseline -Save $interface
            $null = Start-XdpMonitor $interface -Force
            { & $path $baseline } | Should -Throw "The monitor of $interface was started anew after the baseline*-Save -Force*"
            & $path $baseline -Save $interface -Force
            & $path $baseline | Should -BeNullOrEmpty
            Wait-Example (Invoke-Example Compare-FlowBaseline.ps1 $baseline) | Should -Be 0
            Stop-XdpMonitor $interface
            Wait-Example (Invoke-Example Compare-FlowBaseline.ps1 $baseline) | Should -Be 1
            $errors | Should -BeLike "*Start-XdpMonitor*"
        }

        It 'replaces a baseline with -Force only, and with -WhatIf writes none' {
            $null = Start-XdpMonitor $interface
            Wait-Example (Invoke-Example Compare-FlowBaseline.ps1 "$baseline -Save $interface -WhatIf") | Should -Be 0
            "$output" | Should -BeLike "What if:*Save 0 flows*$baseline*"
            Test-Path $baseline | Should -BeFalse
            { & $path $baseline } | Should -Throw "There is no baseline*-Save*"
            & $path $baseline -Save $interface
            { & $path $baseline -Save $interface } | Should -Throw '*is there already*-Force*'
        }

        It 'refuses a file that it did not write: <_>' -ForEach '{', '[]', '{ "Time": "yesterday" }' {
            Set-Content $baseline $_
            { & $path $baseline } | Should -Throw '*is no baseline*-Save -Force*'
        }

        It 'asks for a monitor where none runs, or none that is whole' {
            { & $path $baseline -Save "$interface*" } | Should -Throw '*No monitor runs*Start-XdpMonitor*'
            $null = Start-XdpMonitor $interface
            ip link del $interface
            { & $path $baseline -Save $interface } |
                Should -Throw "The monitor of $interface is Detached*Start-XdpMonitor $interface -Force*"
        }
    }

    # The real systemd and the real cron, each as the first process of what looks to it like a machine of its own.
    Context 'on a schedule' -Tag Slow, Machine {
        BeforeAll {
            $script:veth = [XTrace.Testbed.VethPair]::new()
            ip -n $veth.Namespace link set $veth.Interface name eth0
            $script:rights = '000000c000001000'

            # The commands that the head of a file tells its reader to run, with what makes the module known.
            function Get-Instruction([string] $Name) {
                "mkdir -p /usr/local/share/powershell/Modules", "cp -r $module /usr/local/share/powershell/Modules"
                (Get-Content "$folder/$Name") -match '^#   ' -replace '^#   '
            }

            function Invoke-OwnMachine([string] $Name, [string[]] $Script) {
                $own = "$TestDrive/$Name"
                $null = New-Item -ItemType Directory $own
                Set-Content "$own/run.sh" ('set -euo pipefail', "cd '$repository'" + $Script)
                # bash reads the script before /tmp is another one.
                $escaped = (Get-Content "$own/run.sh" -Raw) -replace '(["\\])', '\$1'
                $words = "--net=/run/netns/$($veth.Namespace)", 'unshare', '--mount', "$PSScriptRoot/own-machine.sh", $own,
                    'bash', '-c', "`"$escaped`""
                $redirection = @{ RedirectStandardOutput = "$own/out"; RedirectStandardError = "$own/err" }
                Start-Process nsenter $words -PassThru -WorkingDirectory $repository @redirection
            }

            # What a process of ours on such a machine may do: its user and its capabilities.
            function Get-Holder([Diagnostics.Process] $Machine) {
                $program = '^(pwsh|dotnet\0[^\0]*/pwsh\.dll)\0.*Export-TopTalker'
                foreach ($status in Get-ChildItem "/proc/[0-9]*/cgroup" -ErrorAction Ignore) {
                    $process = Split-Path $status
                    if ((Get-Content $status -ErrorAction Ignore) -match "xtrace-test-$($Machine.Id)" -and
                        (Get-Content "$process/cmdline" -Raw -ErrorAction Ignore) -match $program) {
                        $state = Get-Content "$process/status" -ErrorAction Ignore
                        [pscustomobject] @{
                            User = ($state -match '^Uid:') -replace '^Uid:\s+(\d+).*', '$1'
                            Capabilities = ($state -match '^Cap(Inh|Prm|Eff|Bnd|Amb)') -replace '^.*\s'
                            NoNewPrivileges = ($state -match '^NoNewPrivs') -replace '^.*\s'
                        }
                    }
                }
            }

            $systemd = @(
                'mount -t tmpfs tmpfs /etc/systemd/system'
                # Nothing else of this system is started.
                'for target in sysinit basic timers shutdown; do'
                'printf "[Unit]\nDefaultDependencies=no\n" >/etc/systemd/system/$target.target'
                'done'
                (Get-Instruction xtrace-top-talkers.service) -notmatch '^systemctl'
                '(until [[ -S /run/systemd/private ]]; do sleep 0.1; done'
                (Get-Instruction xtrace-top-talkers.service) -match '^systemctl'
                'while sleep 1; do systemctl show xtrace-top-talkers.service >/var/log/new && mv /var/log/new /var/log/state; done) &'
                'container=test SYSTEMD_UNIT_PATH=/etc/systemd/system exec /lib/systemd/systemd --system --unit=timers.target'
            )
            $cron = @(
                'rm -rf /etc/crontab /etc/cron.*; mkdir /etc/cron.d'
                'mount -t tmpfs tmpfs /var/spool/cron; mkdir -p /var/spool/cron/crontabs'
                Get-Instruction xtrace.cron
                'exec cron -f'
            )
            $script:machines = @{ systemd = Invoke-OwnMachine systemd $systemd; cron = Invoke-OwnMachine cron $cron }
            $script:files = @{
                systemd = "$TestDrive/systemd/log/private/xtrace/top-talkers.csv"
                cron = "$TestDrive/cron/log/xtrace/top-talkers.csv"
            }
            $script:holders = @{}
            # Up to a minute until the clock says so, 50 s of watching, and what pwsh takes on a busy machine.
            $clock = [Diagnostics.Stopwatch]::StartNew()
            while ($files.Values.Where{ -not (Test-Path $_) } -and -not $machines.Values.HasExited.Contains($true) -and
                $clock.Elapsed.TotalSeconds -lt 300) {
                $veth.Send($udp)
                Start-Sleep -Milliseconds 100
                foreach ($name in @($machines.Keys)) {
                    $holders[$name] ??= Get-Holder $machines[$name]
                }
            }
        }

        AfterAll {
            foreach ($machine in $machines.Values) {
                kill -TERM $machine.Id
                $machine.WaitForExit()
            }
            $veth.Dispose()
        }

        It '<_> writes the minute''s top talkers' -ForEach 'systemd', 'cron' {
            $because = "$(Get-Content "$TestDrive/$_/out", "$TestDrive/$_/err")"
            Test-Path $files[$_] | Should -BeTrue -Because $because
            $row = Import-Csv $files[$_] | Select-Object -First 1
            $row.InterfaceAlias | Should -Be eth0
            $row.TrafficType | Should -Be UDP
            $row.SourceAddress | Should -Be 10.0.0.1
            $row.Seconds | Should -Be 50
        }

        It '<_> gives it the three capabilities and a user who is not root' -ForEach 'systemd', 'cron' {
            $holders[$_].Capabilities | Should -Be (@($rights) * 5)
            $holders[$_].User | Should -Not -Be 0
            $holders[$_].NoNewPrivileges | Should -Be 1
        }

        It 'systemd says that it went well' {
            $clock = [Diagnostics.Stopwatch]::StartNew()
            do {
                Start-Sleep -Milliseconds 200
                $state = Get-Content "$TestDrive/systemd/log/state"
            } until ($state -match '^ExecMainStatus' -and $state -contains 'SubState=dead' -or $clock.Elapsed.TotalSeconds -gt 20)
            $state | Should -Contain 'Result=success'
        }

        It 'systemd-analyze has nothing to say against the units' {
            $units = "'$folder/xtrace-top-talkers.service' '$folder/xtrace-top-talkers.timer'"
            $machine = Invoke-OwnMachine verify "systemd-analyze verify $units"
            $machine.WaitForExit(60000) | Should -BeTrue
            Get-Content "$TestDrive/verify/out", "$TestDrive/verify/err" | Should -BeNullOrEmpty
            $machine.ExitCode | Should -Be 0
        }

        It 'cron''s line for RDMA tells what rose, in cron''s environment' {
            $tree = [XTrace.Testbed.SysfsTree]::new()
            try {
                Add-RdmaDevice $tree mlx5_0
                $counter = 'devices/pci0000:3b/0000:3b:00.0/infiniband/mlx5_0/ports/1/counters/symbol_error'
                $tree.Write($counter, '1')
                $file = Get-Content "$folder/xtrace.cron"
                $variables = $file -match '^[A-Z_]+=\S*$'
                $null, $command = ($file -match '^\S+ \* \* \* \* xtrace ')[0] -split '^(?:\S+ ){5}xtrace '
                $line = 'setpriv --reuid=xtrace --regid=xtrace --clear-groups --inh-caps=-all env -i ' +
                    "LOGNAME=xtrace HOME=/var/lib/xtrace $variables XTRACE_SYSFS_ROOT=$($tree.Root) sh -c '$command'"
                $rise = "echo 4 >'$($tree.PathOf($counter))'"
                $machine = Invoke-OwnMachine rdma ((Get-Instruction xtrace.cron) + $line + $rise + "$line || exit `$?")
                $machine.WaitForExit(60000) | Should -BeTrue
                Get-Content "$TestDrive/rdma/err" | Should -BeNullOrEmpty
                $machine.ExitCode | Should -Be 2
                $said = Get-Content "$TestDrive/rdma/out"
                $said -match '^Name +: symbol_error$' | Should -HaveCount 1
                $said -match '^Rise +: 3$' | Should -HaveCount 1
            } finally {
                $tree.Dispose()
            }
        }
    }
}
