# Runs the suite and ends with a line for tests/run.sh: PESTER passed failed skipped.
$ErrorActionPreference = 'Stop'
if (-not (Get-Module -ListAvailable Pester | Where-Object Version -GE ([version] '5.0'))) {
    Install-PSResource -Name Pester -Version '[5.5,6.0)' -TrustRepository -Scope CurrentUser
}
Import-Module Pester -MinimumVersion 5.0
$configuration = New-PesterConfiguration
$configuration.Run.Path = $PSScriptRoot
$configuration.Run.PassThru = $true
$configuration.Output.Verbosity = 'Detailed'
$configuration.Output.RenderMode = 'Plaintext'
$result = Invoke-Pester -Configuration $configuration
# A container or a block that failed outside its tests has failed as well.
$failed = $result.FailedCount + $result.FailedContainersCount + $result.FailedBlocksCount
"PESTER $($result.PassedCount) $failed $($result.SkippedCount + $result.NotRunCount)"
exit [Math]::Min($failed, 1)
