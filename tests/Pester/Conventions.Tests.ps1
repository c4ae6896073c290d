# What holds for every cmdlet, so that who knows one knows all.
BeforeDiscovery {
    . "$PSScriptRoot/Rights.ps1"
    $sampling = 'Get-FlowStat', 'Get-RdmaCounter', 'Get-RdmaQueuePair', 'Test-RdmaHealth'
    $script:commands = 'Get-FlowStat', 'Get-RdmaCounter', 'Get-RdmaDevice', 'Get-RdmaQueuePair', 'Get-XdpMonitor',
        'Start-XdpMonitor', 'Stop-XdpMonitor', 'Test-RdmaHealth', 'Watch-FlowStat' |
        ForEach-Object { @{ Command = $_; ChangesState = $_ -notmatch '^(Get|Test|Watch)-'; Samples = $_ -in $sampling } }
    $script:flowCommands = $commands | Where-Object Command -NotLike '*Rdma*'
    $script:rdmaCommands = $commands | Where-Object Command -Like '*Rdma*'
    # Queue pairs are the kernel's own: those of a tree that is laid out as sysfs nobody lists. The virtual machine has real ones.
    # Watch-FlowStat emits nothing.
    $script:shownHere = $commands | Where-Object Command -NotIn 'Get-RdmaQueuePair', 'Watch-FlowStat'
    $script:hasAnalyzer = [bool] (Get-Module -ListAvailable PSScriptAnalyzer)
    if (-not $hasAnalyzer) {
        Write-Warning 'No script is analysed: PSScriptAnalyzer is not installed. Install it: Install-PSResource PSScriptAnalyzer'
    }
    $repository = Resolve-Path "$PSScriptRoot/../.."
    $script:scripts = Get-ChildItem $repository -Recurse -Include *.ps1, *.psd1, *.psm1, *.ps1xml |
        Where-Object FullName -NotMatch '/(out|bin|obj)/' |
        ForEach-Object { @{ Name = [IO.Path]::GetRelativePath($repository, $_); Path = $_.FullName } }
}

Describe 'Every cmdlet' {
    BeforeAll {
        . "$PSScriptRoot/Testbed.ps1"
        $script:own = (Get-Module XTrace).ExportedCmdlets.Values
        $script:common = [Management.Automation.Cmdlet]::CommonParameters + [Management.Automation.Cmdlet]::OptionalCommonParameters
    }

    It 'is named by an approved verb and a singular noun: <command>' -ForEach $commands {
        $verb, $noun = $command -split '-'
        $verb | Should -BeIn (Get-Verb).Verb
        $noun | Should -Not -Match 's$'
    }

    It 'takes switches, never Boolean values: <command>' -ForEach $commands {
        (Get-Command $command).Parameters.Values | Where-Object ParameterType -In ([bool], [bool[]], [Nullable[bool]]) |
            Should -BeNullOrEmpty
    }

    It 'asks before it changes anything, and only then: <command>' -ForEach $commands {
        (Get-Command $command).Parameters.ContainsKey('WhatIf') | Should -Be $changesState
        (Get-Command $command).Parameters.ContainsKey('Confirm') | Should -Be $changesState
    }

    It 'samples a number of times or without end, not both: <command>' -ForEach ($commands | Where-Object Samples) {
        $sets = (Get-Command $command).ParameterSets
        $sets | Where-Object { $_.Parameters.Name -contains 'Continuous' -and $_.Parameters.Name -contains 'MaxSamples' } |
            Should -BeNullOrEmpty
        $parameters = ($sets | Where-Object { $_.Parameters.Name -contains 'Continuous' }).Parameters
        $parameters.Where({ $_.Name -eq 'Continuous' }).IsMandatory | Should -BeTrue
        { & $command -Continuous -MaxSamples 2 } | Should -Throw -ErrorId 'AmbiguousParameterSet,*'
    }

    It 'means the same by -<_> as the others' -ForEach @(
        'InterfaceAlias', 'Direction', 'AttachMode', 'MaxFlow', 'SampleInterval', 'MaxSamples', 'Continuous'
    ) {
        $name = $_
        $descriptions = @($own | Where-Object { $_.Parameters.ContainsKey($name) } | ForEach-Object {
                $parameter = $_.Parameters[$name]
                $position = $parameter.Attributes.Where({ $_ -is [Parameter] })[0]
                @(
                    $parameter.ParameterType
                    $parameter.Aliases
                    $position.Position, $position.ValueFromPipeline, $position.ValueFromPipelineByPropertyName
                    $parameter.Attributes.TypeId.Name | Where-Object { $_ -ne 'ParameterAttribute' } | Sort-Object
                ) -join ' '
            })
        $descriptions.Count | Should -BeGreaterThan 1
        $descriptions | Sort-Object -Unique | Should -HaveCount 1
    }

    It 'takes its interface first, as -InterfaceAlias, -Interface, -ifAlias or -Name: <command>' -ForEach $flowCommands {
        $parameter = (Get-Command $command).Parameters.InterfaceAlias
        $parameter.Aliases | Should -Be Interface, ifAlias, Name
        $parameter.Attributes.Position | Should -Contain 0
    }

    It 'takes its device first, as -Device: <command>' -ForEach $rdmaCommands {
        $parameter = (Get-Command $command).Parameters.Values | Where-Object { 'Device' -in @($_.Name) + $_.Aliases }
        $parameter.Attributes.Position | Should -Contain 0
        $parameter.Attributes.ValueFromPipelineByPropertyName | Should -Contain $true
    }

    It 'has no more than the object in the first position: <command>' -ForEach $commands {
        $positions = (Get-Command $command).Parameters.Values.Attributes | Where-Object { $_ -is [Parameter] -and $_.Position -ge 0 }
        $positions.Position | Sort-Object -Unique | Should -Be 0
    }

    It 'says of -<parameter> that it takes wildcards, and completes it' -ForEach @(
        @{ Parameter = 'InterfaceAlias'
            Commands = 'Get-FlowStat', 'Get-XdpMonitor', 'Start-XdpMonitor', 'Stop-XdpMonitor', 'Watch-FlowStat' }
        @{ Parameter = 'Device'; Commands = 'Get-RdmaCounter', 'Get-RdmaQueuePair', 'Test-RdmaHealth' }
        @{ Parameter = 'Name'; Commands = 'Get-RdmaCounter', 'Get-RdmaDevice' }
        @{ Parameter = 'ProcessName'; Commands = 'Get-FlowStat', 'Get-RdmaQueuePair' }
        @{ Parameter = 'Container'; Commands = , 'Get-FlowStat' }
    ) {
        foreach ($of in 'SupportsWildcardsAttribute', 'ArgumentCompleterAttribute') {
            $having = $own | Where-Object { $_.Parameters[$parameter].Attributes.TypeId.Name -contains $of }
            $having.Name | Sort-Object | Should -Be $commands
        }
    }

    It 'says of no other parameter that it takes wildcards' {
        $own.Parameters.Values | Where-Object { $_.Attributes.TypeId.Name -contains 'SupportsWildcardsAttribute' } |
            ForEach-Object Name | Sort-Object -Unique | Should -Be Container, Device, InterfaceAlias, Name, ProcessName
    }

    It 'has words to choose from where only some are known: -<_>' -ForEach @(
        'AttachMode', 'By', 'Category', 'Check', 'Direction', 'Protocol', 'Source', 'State', 'TrafficType', 'Type'
    ) {
        $name = $_
        foreach ($command in $own | Where-Object { $_.Parameters.ContainsKey($name) }) {
            $line = "$($command.Name) -$name "
            (TabExpansion2 $line -cursorColumn $line.Length).CompletionMatches.Count | Should -BeGreaterThan 2
        }
    }
}

Describe 'Every cmdlet, where there is something to do' -Tag Privileged -Skip:$unprivileged {
    BeforeAll {
        . "$PSScriptRoot/Testbed.ps1"
        $script:veth = [XTrace.Testbed.VethPair]::new($true)
        $script:interface = $veth.Interface
        $script:udp = Frame Udp4 10.0.0.1 1000 10.0.0.2 2000 100
        $script:sysfs = $env:XTRACE_SYSFS_ROOT
        $script:tree = [XTrace.Testbed.SysfsTree]::new()
        $env:XTRACE_SYSFS_ROOT = $tree.Root
        Add-RdmaDevice $tree mlx5_0
        Add-RdmaDevice $tree mlx5_1 0000:3b:00.1 eth1

        # Brings a monitor about, calls the command in the way that is given, and leaves no monitor.
        function Use-Command([string] $Command, [scriptblock] $How) {
            if ($Command -notlike 'Start-*') {
                $null = Start-XdpMonitor $interface
                Send-Frame $veth $udp
            }
            try {
                & $How
            } finally {
                Clear-Monitor
            }
        }

        $script:arguments = @{ 'Stop-XdpMonitor' = @{ PassThru = $true }; 'Test-RdmaHealth' = @{ SampleInterval = 0.1 } }
        function Get-Argument([string] $Command) {
            $arguments[$Command] ?? @{}
        }
    }

    AfterAll {
        $env:XTRACE_SYSFS_ROOT = $sysfs
        $tree.Dispose()
        $veth.Dispose()
    }

    It 'emits what it says that it does: <command>' -ForEach $shownHere {
        $more = Get-Argument $command
        $emitted = Use-Command $command { & $command ($command -like '*Rdma*' ? 'mlx5_0' : $interface) @more }
        $emitted | Should -Not -BeNullOrEmpty
        $emitted.ForEach({ $_.GetType() }) | Sort-Object -Unique | Should -Be (Get-Command $command).OutputType.Type[0]
    }

    It 'takes wildcards: <command>' -ForEach $shownHere {
        $more = Get-Argument $command
        (Use-Command $command { & $command ($command -like '*Rdma*' ? 'MLX5_[01]' : "XTW$PID-?") @more }) | Should -Not -BeNullOrEmpty
    }

    It 'finds -<by> among the properties of what comes through the pipeline: <command>' -ForEach @(
        foreach ($command in $flowCommands | Where-Object Command -NE 'Watch-FlowStat') {
            foreach ($by in 'InterfaceAlias', 'Interface', 'ifAlias', 'Name') {
                @{ Command = $command.Command; By = $by; Is = $null }
            }
        }
        foreach ($command in $rdmaCommands | Where-Object Command -NE 'Get-RdmaQueuePair') {
            @{ Command = $command.Command; By = 'Device'; Is = 'mlx5_1' }
        }
    ) {
        $more = Get-Argument $command
        $emitted = Use-Command $command { [pscustomobject] @{ $by = $is ?? $interface; Other = 1 } | & $command @more }
        $emitted | Should -Not -BeNullOrEmpty
        $emitted | ForEach-Object { $_.InterfaceAlias, $_.Device -contains ($is ?? $interface) | Should -BeTrue }
    }

    It 'completes <name>, and understands what it completed' -ForEach @(
        foreach ($name in 'a$b;''c', '"d`e', '[f]*', '#(g)', '&|<>', '@{h}', ',i') { @{ Name = $name } }
    ) {
        $other = "xtq$name"
        # Another that all wildcards in its name would mean as well.
        ip link add xtqf2 type veth peer name "xtp$PID"
        ip link add $other type veth peer name "xtp$PID-2"
        try {
            foreach ($command in 'Get-FlowStat', 'Get-XdpMonitor', 'Start-XdpMonitor', 'Stop-XdpMonitor') {
                foreach ($typed in 'xtq', "'$($other.Substring(0, 4) -replace "'", "''")") {
                    $line = "$command $typed"
                    $match = (TabExpansion2 $line -cursorColumn $line.Length).CompletionMatches | Where-Object ListItemText -EQ $other
                    $match | Should -HaveCount 1
                }
            }
            $word = $match.CompletionText
            foreach ($line in "Start-XdpMonitor $word", "Get-XdpMonitor $word", "Get-XdpMonitor $word | Stop-XdpMonitor -PassThru") {
                (& ([scriptblock]::Create($line))).InterfaceAlias | Should -Be $other
            }
        } finally {
            ip link del xtqf2
            ip link del $other
        }
    }

    It 'takes what cannot be a pattern for a name' {
        foreach ($command in 'Get-FlowStat', 'Get-XdpMonitor', 'Get-RdmaDevice', 'Get-RdmaCounter', 'Get-RdmaQueuePair') {
            & $command "no[$PID" -ErrorAction SilentlyContinue -ErrorVariable failure | Should -BeNullOrEmpty
            $failure.FullyQualifiedErrorId | Should -Match '^(Interface|Monitor|RdmaDevice)NotFound,'
        }
        Get-RdmaCounter -Name "no[$PID" -ErrorAction SilentlyContinue -ErrorVariable failure | Should -BeNullOrEmpty
        $failure.FullyQualifiedErrorId | Should -BeLike 'RdmaCounterNotFound,*'
    }

    It 'changes nothing with -WhatIf, and needs no right for it' {
        $copy = Join-Path $TestDrive XTrace
        Copy-Item $module $copy -Recurse
        chmod -R a+rX $TestDrive
        # The owner of the pins, without any capability: other users may not look at them at all.
        $script = @"
set -euo pipefail
mount -t bpf bpf /sys/fs/bpf
as_root() { pwsh -NoProfile -NonInteractive -Command "Import-Module '$copy'; `$1"; }
without_rights() {
    env HOME=/nonexistent POWERSHELL_TELEMETRY_OPTOUT=1 setpriv --bounding-set=-all \
        pwsh -NoProfile -NonInteractive -Command "Import-Module '$copy'; `$1; exit \`$Error.Count"
}
without_rights 'Start-XdpMonitor $interface -Direction Both -WhatIf'
as_root '`$null = Start-XdpMonitor $interface'
without_rights 'Stop-XdpMonitor $interface -WhatIf; Stop-XdpMonitor xtw$PID-* -WhatIf
    Get-XdpMonitor -ErrorAction SilentlyContinue | Stop-XdpMonitor -WhatIf' || echo "errors: `$?"
without_rights 'Stop-XdpMonitor $interface -ErrorAction SilentlyContinue' || echo "errors: `$?"
as_root 'Get-XdpMonitor | ForEach-Object { "`$(`$_.InterfaceAlias) `$(`$_.State)" }; Stop-XdpMonitor $interface'
"@
        $said = unshare --mount bash -c $script
        $said | Should -Be @(
            "What if: Performing the operation `"Start XDP monitor`" on target `"$interface (Ingress)`"."
            "What if: Performing the operation `"Start XDP monitor`" on target `"$interface (Egress)`"."
            "What if: Performing the operation `"Stop XDP monitor`" on target `"$interface (Ingress)`"."
            "What if: Performing the operation `"Stop XDP monitor`" on target `"$interface (Ingress)`"."
            'errors: 1' # of Get-XdpMonitor, which reads
            'errors: 1'
            "$interface Running"
        )
    }
}

Describe 'The module in a session' -Tag Privileged -Skip:$unprivileged {
    BeforeAll {
        . "$PSScriptRoot/Testbed.ps1"
        $script:veth = [XTrace.Testbed.VethPair]::new($true)
        $script:interface = $veth.Interface
    }

    AfterAll {
        $veth.Dispose()
    }

    AfterEach {
        Clear-Monitor
    }

    It 'can be loaded again while a monitor runs, and unloaded' {
        $said = Invoke-Pwsh @"
`$null = Start-XdpMonitor $interface
Import-Module '$module' -Force; Import-Module '$module' -Force -WarningAction Stop
(Get-XdpMonitor $interface).State
Remove-Module XTrace
"left: `$((Get-Module XTrace).Count)"
Import-Module '$module'
(Stop-XdpMonitor $interface -PassThru).State
"errors: `$(`$Error.Count)"
"@ 2>&1
        $said | Should -Be Running, 'left: 0', Running, 'errors: 0'
    }

    It 'can be unloaded while it samples, and just after that was stopped' {
        $said = Invoke-Pwsh @"
`$session = [powershell]::Create([Management.Automation.RunspaceMode]::NewRunspace)
`$running = `$session.AddScript("Import-Module '$module'; Get-FlowStat $interface -SampleInterval 0.1 -Continuous").BeginInvoke()
while (-not (Get-Process -Id `$PID).Modules.Where({ `$_.ModuleName -like 'libbpf*' })) { Start-Sleep -Milliseconds 20 }
Remove-Module XTrace
Start-Sleep -Milliseconds 300
`$running.IsCompleted
`$session.Stop()
Import-Module '$module' -Force
`$session.Commands.Clear()
`$session.AddScript('Remove-Module XTrace; (Get-Module XTrace).Count').Invoke()
Get-FlowStat $interface -SampleInterval 0.1
"errors: `$(`$Error.Count + `$session.Streams.Error.Count)"
"@ 2>&1
        $said | Should -Be False, 0, 'errors: 0'
        Test-Attached $interface | Should -BeFalse
    }

    It 'writes to its streams only, and says there what libbpf has to say' {
        $script = @"
Import-Module '$module'
Start-XdpMonitor lo -AttachMode Native -Verbose -Debug *>`$null
Get-FlowStat nosuch, $($veth.PeerInterface) -SampleInterval 0.2 -MaxSamples 2 -Verbose -Debug *>`$null
Get-RdmaDevice nosuch *>`$null
exit `$Error.Count
"@
        $inside = 'nsenter', "--net=/run/netns/$($veth.PeerNamespace)"
        $pwsh = 'pwsh', '-NoProfile', '-NonInteractive', '-Command'
        & $inside[0] $inside[1] @pwsh $script 2>&1 | Should -BeNullOrEmpty
        $LASTEXITCODE | Should -Be 3
        # A kernel that has no memory for any map: libbpf has much to say, which it would print.
        $script = "Import-Module '$module'; Get-FlowStat lo -SampleInterval 0.2 -ErrorVariable failure *>`$null; " +
            "if (`$failure[0].Exception.Log -like '*libbpf:*') { exit 7 }"
        & $inside[0] $inside[1] strace -f -o /dev/null -e trace=bpf -e inject=bpf:error=ENOMEM @pwsh $script 2>&1 | Should -BeNullOrEmpty
        $LASTEXITCODE | Should -Be 7
    }

    It 'reads and writes numbers in the same way everywhere: <_>' -ForEach 'de_DE.UTF-8', 'fi_FI.UTF-8', 'ar_SA.UTF-8' {
        $null = Start-XdpMonitor $interface
        Send-Frame $veth (Frame Udp4 10.0.0.1 1000 10.0.0.2 443 1000) 3
        $clock = [Diagnostics.Stopwatch]::StartNew()
        $said = Invoke-Pwsh @"
(1.5).ToString() -ne '1.5'
`$flow = Get-FlowStat $interface -Address 10.0.0.0/8 -Port 443 -SampleInterval '0.3' -MaxSamples 2
"`$(`$flow[0])"
"`$(`$flow[0].PacketsPerSecond)"
Get-FlowStat $interface | ForEach-Object { "`$(`$_.PacketsPerSecond)" -match '^\d+\.\d+$' }
(Get-FlowStat $interface | Select-Object Bytes, PacketsPerSecond |
    ConvertTo-Json -Compress) -match '^{"Bytes":3126,"PacketsPerSecond":\d+\.\d+}$'
`$PSStyle.OutputRendering = 'PlainText'
(Get-FlowStat $interface | Out-String -Width 120).Trim() -split '\r?\n' | Select-Object -Last 1
(Get-XdpMonitor $interface | Out-String -Width 120).Trim() -split '\r?\n' | Select-Object -Last 1
"`$((Stop-XdpMonitor $interface -PassThru | Start-XdpMonitor -Filter @{ Port = '443'; Address = '10.0.0.0/8' }).Filter)"
"@ "env", "LC_ALL=$_"
        $clock.Elapsed.TotalSeconds | Should -BeLessThan 60
        $said[0] | Should -Be True
        $said[1] | Should -Be '10.0.0.1:1000 -> 10.0.0.2:443 proto=17 packets=3 bytes=3126'
        $said[2] | Should -Be 0
        $said[3..4] | Should -Be True, True
        $said[5] | Should -Match "^UDP +10\.0\.0\.1:1000 +10\.0\.0\.2:443 +3\.05 KiB +[\d.]+ k?bit/s +3 Ingress +$interface`$"
        $said[6] | Should -Match "^$interface +Ingress +Running +$tc +3 +3\.05 KiB +0 +1 +\d+`$"
        $said[7] | Should -Be 'Address 10.0.0.0/8; Port 443'
    }
}

Describe 'Every script' {
    It 'is clean to PSScriptAnalyzer: <name>' -Skip:(-not $hasAnalyzer) -ForEach $scripts {
        $analysed = if ($path -like '*.ps1xml') {
            # PowerShell in XML: what stands in its script blocks.
            $blocks = ([xml] (Get-Content -Raw $path)).SelectNodes('//ScriptBlock | //GetScriptBlock').InnerText
            foreach ($block in $blocks | Sort-Object -Unique) {
                Invoke-ScriptAnalyzer -ScriptDefinition $block -Severity Error, Warning
            }
        } else {
            Invoke-ScriptAnalyzer $path -Severity Error, Warning
        }
        $analysed | ForEach-Object { "$($_.Line): $($_.RuleName): $($_.Message)" } | Should -BeNullOrEmpty
    }

    It 'has no line of more than 140 characters, and neither has any other source' {
        $kinds = 'cs', 'c', 'h', 'ps1', 'psm1', 'sh', 'py', 'proj', 'csproj', 'props', 'targets', 'yml' |
            ForEach-Object { "--include=*.$_" }
        $said = env LC_ALL=C.UTF-8 grep -rnE '.{141}' $kinds --include=Makefile --exclude-dir=obj --exclude-dir=bin --exclude-dir=out (
            Resolve-Path "$PSScriptRoot/../..")
        $LASTEXITCODE | Should -Be 1 -Because 'grep found none'
        $said | Should -BeNullOrEmpty
    }

    It 'has names that say what a thing is' {
        $said = grep -rnE '\bone =>|\bOf\(' --include=*.cs --exclude-dir=obj --exclude-dir=bin --exclude-dir=out (
            Resolve-Path "$PSScriptRoot/../..")
        $LASTEXITCODE | Should -Be 1 -Because 'grep found none'
        $said | Should -BeNullOrEmpty
    }

    It 'is clean to shellcheck' -Tag Slow -Skip:(-not (Get-Command shellcheck -ErrorAction Ignore)) {
        $repository = Resolve-Path "$PSScriptRoot/../.."
        $shell = (Get-ChildItem $repository -Recurse -File -Force | Where-Object FullName -NotMatch '/(out|bin|obj|\.git)/').FullName |
            Where-Object { (Get-Content -LiteralPath $_ -TotalCount 1) -match '^#!/bin/(ba)?sh|^# shellcheck shell=' }
        $shell.Count | Should -BeGreaterThan 20
        # Files that others include are named from the repository.
        Push-Location $repository
        $said = shellcheck $shell
        Pop-Location
        $said | Should -BeNullOrEmpty
    }

    It 'is clean to dockerfile-utils: Dockerfile' -Tag Machine -Skip:(-not (Get-Command npx -ErrorAction Ignore)) {
        $said = npx --yes --loglevel error dockerfile-utils@0.16.3 lint "$PSScriptRoot/../../Dockerfile" 2>&1
        $said | Should -BeNullOrEmpty
        $LASTEXITCODE | Should -Be 0
    }
}

Describe 'Every view' -Tag Privileged -Skip:$unprivileged {
    BeforeAll {
        . "$PSScriptRoot/Testbed.ps1"
        $script:sysfs = $env:XTRACE_SYSFS_ROOT
        $script:tree = [XTrace.Testbed.SysfsTree]::new()
        $env:XTRACE_SYSFS_ROOT = $tree.Root
        Add-RdmaDevice $tree mlx5_0
        $script:veth = [XTrace.Testbed.VethPair]::new($true)
        $null = Start-XdpMonitor $veth.Interface
        # Views.Tests.ps1 has the tables for long IPv6 addresses.
        Send-Frame $veth (Frame Tcp4 203.0.113.254 65535 198.51.100.253 65534)
        $script:objects = @{
            FlowStat    = Get-FlowStat $veth.Interface
            XdpMonitor  = Get-XdpMonitor $veth.Interface
            RdmaDevice  = Get-RdmaDevice
            RdmaPort    = (Get-RdmaDevice).Ports
            RdmaGid     = (Get-RdmaDevice).Ports.Gids
            RdmaCounter = Get-RdmaCounter
            RdmaHealth  = Test-RdmaHealth -SampleInterval 0.1
        }

        # The titles of each table that a type has, as one text.
        function Get-Titles([string] $type) {
            (Get-FormatData "XTrace.$type").FormatViewDefinition.Control | Where-Object { $_ -is [Management.Automation.TableControl] } |
                ForEach-Object { $_.Headers.Label -join ' ' }
        }

        # The titles that stand above the line of dashes.
        function Get-ShownTitles([string[]] $lines) {
            $dashes = $lines | Where-Object { $_ -match '^[ -]*---[ -]*$' } | Select-Object -First 1
            $lines[$lines.IndexOf($dashes) - 1].Trim() -replace ' +', ' '
        }
    }

    AfterAll {
        $env:XTRACE_SYSFS_ROOT = $sysfs
        $tree.Dispose()
        $veth.Dispose()
    }

    It 'shows all of its columns in 120: <_>' -ForEach @(
        'FlowStat', 'XdpMonitor', 'RdmaDevice', 'RdmaPort', 'RdmaGid', 'RdmaCounter', 'RdmaHealth'
    ) {
        $objects[$_] | Should -Not -BeNullOrEmpty
        $lines = $objects[$_] | Out-Plain 120
        ($lines | Measure-Object Length -Maximum).Maximum | Should -BeLessOrEqual 120
        Get-ShownTitles $lines | Should -BeIn @(Get-Titles $_)
    }

    It 'shows columns in full or not at all in terminals of 80, 100 and 120: <_>' -ForEach @(
        'FlowStat', 'XdpMonitor', 'RdmaDevice', 'RdmaPort', 'RdmaGid', 'RdmaCounter', 'RdmaHealth'
    ) {
        # Which leave the last column of theirs empty.
        foreach ($width in 79, 99, 119) {
            $shown = Get-ShownTitles @($objects[$_] | Out-Plain $width)
            @(Get-Titles $_) | Where-Object { "$_ ".StartsWith("$shown ") } |
                Should -Not -BeNullOrEmpty -Because "these are shown in ${width}: $shown"
        }
    }

    It 'lists in 80: <_>' -ForEach 'FlowStat', 'XdpMonitor', 'RdmaDevice', 'RdmaCounter', 'RdmaHealth' {
        $lines = $objects[$_] | Format-List | Out-Plain 80
        $lines.Count | Should -BeGreaterThan 8
        ($lines | Measure-Object Length -Maximum).Maximum | Should -BeLessOrEqual 80
    }
}
