# Runs test files for tests/suite.sh, and ends with a line for it: SUITE passed failed skipped left-out.
# LEFT_OUT and ONLY are tags.
param([Parameter(Mandatory, ValueFromRemainingArguments)] [string[]] $Path)
$ErrorActionPreference = 'Stop'
Import-Module Pester -MinimumVersion 6.0 -MaximumVersion 6.99
$configuration = New-PesterConfiguration
$configuration.Run.Path = $Path
$configuration.Run.PassThru = $true
$configuration.Filter.ExcludeTag = -split $env:LEFT_OUT
$configuration.Filter.Tag = -split $env:ONLY
$configuration.Output.Verbosity = 'Detailed'
$configuration.Output.RenderMode = 'Plaintext'
$result = Invoke-Pester -Configuration $configuration
$left = 0
if (-not $env:ONLY) {
    $left = $result.NotRunCount
    $result.NotRun | Group-Object { $_.Block.Path -join ', ' } | ForEach-Object { "Left out: $($_.Name), $($_.Count) tests" }
}
# A container or a block that failed outside its tests has failed as well.
$failed = $result.FailedCount + $result.FailedContainersCount + $result.FailedBlocksCount
"SUITE $($result.PassedCount) $failed $($result.SkippedCount + $result.InconclusiveCount) $left"
