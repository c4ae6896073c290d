Describe 'The module' -Tag Slow {
    BeforeDiscovery {
        . "$PSScriptRoot/Rights.ps1"
        $script:commands = 'Get-FlowStat', 'Get-RdmaCounter', 'Get-RdmaDevice', 'Get-RdmaQueuePair', 'Get-XdpMonitor',
            'Start-XdpMonitor', 'Stop-XdpMonitor', 'Test-RdmaHealth', 'Watch-FlowStat'
        $script:flowCommands = $commands | Where-Object { $_ -notlike '*Rdma*' }
    }

    BeforeAll {
        . "$PSScriptRoot/Testbed.ps1"
        $script:manifest = Join-Path $module XTrace.psd1
        $script:commands = 'Get-FlowStat', 'Get-RdmaCounter', 'Get-RdmaDevice', 'Get-RdmaQueuePair', 'Get-XdpMonitor',
            'Start-XdpMonitor', 'Stop-XdpMonitor', 'Test-RdmaHealth', 'Watch-FlowStat'
    }

    It 'has a manifest that holds' {
        $tested = Test-ModuleManifest $manifest -WarningVariable warning
        $warning | Should -BeNullOrEmpty
        $tested.Version | Should -BeGreaterThan ([version] '0.0')
        $tested.ExportedCmdlets.Keys | Sort-Object | Should -Be $commands
        $tested.CompatiblePSEditions | Should -Be Core
        $tested.PowerShellVersion | Should -Be ([version] '7.6')
        $tested.Description, $tested.Author, $tested.Copyright, $tested.ReleaseNotes, $tested.LicenseUri | Should -Not -BeNullOrEmpty
        $tested.Tags | Should -Contain Linux
    }

    It 'exports its cmdlets and nothing else' {
        $loaded = Get-Module XTrace
        $loaded.ExportedCommands.Keys | Sort-Object | Should -Be $commands
        $loaded.ExportedAliases.Count + $loaded.ExportedFunctions.Count + $loaded.ExportedVariables.Count | Should -Be 0
    }

    It 'gives <_> an output type with views and a default display set' -ForEach ($commands | Where-Object { $_ -ne 'Watch-FlowStat' }) {
        $command = Get-Command $_
        $command.OutputType[0].Type | Should -BeIn ([XTrace.FlowStat], [XTrace.RdmaCounter], [XTrace.RdmaDevice],
            [XTrace.RdmaHealth], [XTrace.RdmaQueuePair], [XTrace.XdpMonitor])
        (Get-FormatData $command.OutputType[0].Name).FormatViewDefinition.Control | ForEach-Object { $_.GetType().Name } |
            Select-Object -Unique | Should -Be TableControl, ListControl
        (Get-TypeData $command.OutputType[0].Name).DefaultDisplayPropertySet.ReferencedProperties | Should -Not -BeNullOrEmpty
    }

    It 'loads without a word, twice with -Force, and unloads' {
        $loads = "Import-Module '$module' -Force; Import-Module '$module' -Force -WarningAction Stop"
        $said = Invoke-Pwsh "$loads; Remove-Module XTrace; exit (Get-Module XTrace).Count" 2>&1
        $LASTEXITCODE | Should -Be 0
        $said | Should -BeNullOrEmpty
    }

    Context 'beside another copy' {
        BeforeAll {
            # A copy of another version: its manifest says so, and its assembly, whose version stands behind the hash algorithm's number.
            $script:other = Join-Path $TestDrive other/XTrace
            $null = New-Item -ItemType Directory "$TestDrive/other"
            Copy-Item $module $other -Recurse
            (Get-Content "$other/XTrace.psd1") -replace "(?<=ModuleVersion += ')[^']+", '9.8.7' | Set-Content "$other/XTrace.psd1"
            $bytes = [IO.File]::ReadAllBytes("$other/XTrace.PowerShell.dll")
            $text = [Text.Encoding]::Latin1.GetString($bytes)
            $version = (Import-PowerShellDataFile $manifest).ModuleVersion.Split('.')
            $at = $text.IndexOf("`u{4}`u{80}`0`0" + -join $version.ForEach{ "$([char] [int] $_)`0" } + "`0`0", [StringComparison]::Ordinal)
            $bytes[$at + 4], $bytes[$at + 6], $bytes[$at + 8] = 9, 8, 7
            [IO.File]::WriteAllBytes("$other/XTrace.PowerShell.dll", $bytes)
            [Reflection.AssemblyName]::GetAssemblyName("$other/XTrace.PowerShell.dll").Version | Should -Be ([version] '9.8.7.0')
            # And one of the same version somewhere else.
            $script:twin = Join-Path $TestDrive twin/XTrace
            $null = New-Item -ItemType Directory "$TestDrive/twin"
            Copy-Item $module $twin -Recurse

            # What importing one after the other says, and what works then.
            function Import-Both([string] $First, [string] $Second, [string] $Between = '') {
                pwsh -NoProfile -NonInteractive -Command @"
Import-Module '$First'
$Between
try { Import-Module '$Second' -ErrorAction Stop } catch { "`$_", `$_.FullyQualifiedErrorId }
`$Error.Count
if (Get-Module XTrace) { "`$((Get-Module XTrace).Version)"; @(Get-RdmaDevice nosuch*).Count }
"@
            }
        }

        It 'is refused in one sentence that says which is there: <name>' -ForEach @(
            @{ Name = 'another version'; Second = { $other } }
            @{ Name = 'the same version, from elsewhere'; Second = { $twin } }
            @{ Name = 'another version after the first was removed'; Second = { $other }; Between = 'Remove-Module XTrace' }
        ) {
            $second = & $second
            $said = Import-Both $module $second $between
            $loaded = (Get-Module XTrace).Version
            $said[0] | Should -Be ("XTrace $loaded from '$module' is already loaded in this process, and a process can load only one. " +
                "To use the one in '$second', start a new pwsh.")
            $said[1] | Should -BeLike 'XTraceAlreadyLoaded,*'
            $said[2] | Should -Be 1
            # What was there still works.
            $said[3..4] | Should -Be ($between ? $null : @("$loaded", 0))
        }

        It 'is refused wherever the first is older' {
            $said = Import-Both $other $module
            $said[0] | Should -BeLike "XTrace 9.8.7 from '$other' is already loaded in this process, *"
            $said[2..4] | Should -Be 1, '9.8.7', 0
        }

        It 'is refused where it has taken the place of the one that is loaded' {
            $place = Join-Path $TestDrive place/XTrace
            $null = New-Item -ItemType Directory "$TestDrive/place"
            Copy-Item $module $place -Recurse
            $said = Import-Both $place $place "Remove-Module XTrace; Remove-Item -Recurse '$place'; Copy-Item -Recurse '$other' '$place'"
            $said[1] | Should -BeLike 'XTraceAlreadyLoaded,*'
            $said[2] | Should -Be 1
        }

        It 'does not matter to a copy that is loaded again: <name>' -ForEach @(
            @{ Name = 'as it is'; Again = { "Import-Module '$module'" } }
            @{ Name = 'with -Force'; Again = { "Import-Module '$module' -Force" } }
            @{ Name = 'after it was removed'; Again = { "Remove-Module XTrace; Import-Module '$module'" } }
            @{ Name = 'in another runspace'; Again = {
                    "Start-ThreadJob { Import-Module '$module'; (Get-TypeData XTrace.RdmaDevice).Members.Count } |
                        Receive-Job -Wait > /dev/null"
                }
            }
        ) {
            $loaded = "(Get-TypeData XTrace.RdmaDevice).Members.ContainsKey('State'); " +
                '(Get-FormatData XTrace.RdmaDevice).FormatViewDefinition.Count'
            $said = Invoke-Pwsh "$(& $again); `$Error.Count; $loaded"
            $said | Should -Be 0, True, 2
        }
    }

    It 'works after it was loaded again' -Tag Privileged -Skip:$unprivileged {
        Invoke-Pwsh "Import-Module '$module' -Force; @(Get-XdpMonitor nosuch* -ErrorAction Stop).Count" | Should -Be 0
    }

    It 'completes interface names for <_>' -Tag Privileged -Skip:$unprivileged -ForEach $flowCommands {
        $veth = [XTrace.Testbed.VethPair]::new($true)
        try {
            $start = $veth.Interface.Substring(0, $veth.Interface.Length - 1)
            foreach ($line in "$_ $start", "$_ -InterfaceAlias $start", "$_ -Interface '$start") {
                (TabExpansion2 $line -cursorColumn $line.Length).CompletionMatches.ListItemText | Should -Contain $veth.Interface
            }
            $line = "$_ nosuch$PID"
            (TabExpansion2 $line -cursorColumn $line.Length).CompletionMatches.ListItemText | Should -Not -Contain $veth.Interface
        } finally {
            $veth.Dispose()
        }
    }

    It 'completes <line> to <match>' -ForEach @(
        @{ Line = 'Get-FlowStat -TrafficType RoCEv'; Match = 'RoCEv2' }
        @{ Line = 'Get-FlowStat -Protocol SC'; Match = 'SCTP' }
        @{ Line = 'Get-FlowStat -By Dur'; Match = 'Duration' }
        @{ Line = 'Start-XdpMonitor -AttachMode G'; Match = 'Generic' }
    ) {
        (TabExpansion2 $line -cursorColumn $line.Length).CompletionMatches.CompletionText | Should -Contain $match
    }
}
