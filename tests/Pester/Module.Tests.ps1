Describe 'The module' {
    BeforeDiscovery {
        . "$PSScriptRoot/Rights.ps1"
        $script:commands = 'Get-FlowStat', 'Get-RdmaCounter', 'Get-RdmaDevice', 'Get-XdpMonitor', 'Start-XdpMonitor', 'Stop-XdpMonitor'
        $script:flowCommands = $commands | Where-Object { $_ -notlike '*Rdma*' }
    }

    BeforeAll {
        . "$PSScriptRoot/Testbed.ps1"
        $script:manifest = Join-Path $module XTrace.psd1
        $script:commands = 'Get-FlowStat', 'Get-RdmaCounter', 'Get-RdmaDevice', 'Get-XdpMonitor', 'Start-XdpMonitor', 'Stop-XdpMonitor'
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

    It 'gives <_> an output type with views and a default display set' -ForEach $commands {
        $command = Get-Command $_
        $command.OutputType.Type | Should -BeIn ([XTrace.FlowStat], [XTrace.RdmaCounter], [XTrace.RdmaDevice], [XTrace.XdpMonitor])
        (Get-FormatData $command.OutputType.Name).FormatViewDefinition.Control | ForEach-Object { $_.GetType().Name } |
            Should -Be TableControl, ListControl
        (Get-TypeData $command.OutputType.Name).DefaultDisplayPropertySet.ReferencedProperties | Should -Not -BeNullOrEmpty
    }

    It 'loads without a word, twice with -Force, and unloads' {
        $said = Invoke-Pwsh "Import-Module '$module' -Force; Import-Module '$module' -Force -WarningAction Stop; Remove-Module XTrace; exit (Get-Module XTrace).Count" 2>&1
        $LASTEXITCODE | Should -Be 0
        $said | Should -BeNullOrEmpty
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
