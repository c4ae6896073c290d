# Runs the suite and ends with a line for tests/run.sh: PESTER passed failed skipped.
$ErrorActionPreference = 'Stop'
if (Get-Module -ListAvailable Pester | Where-Object { $_.Version.Major -eq 5 }) {
    Import-Module Pester -MinimumVersion 5.0 -MaximumVersion 5.99
} else {
    dotnet restore "$PSScriptRoot/Pester.proj" --verbosity quiet
    $packages = (dotnet nuget locals global-packages --list) -replace '^global-packages: '
    # By its name, as tests start others that use it.
    $modules = New-Item -ItemType Directory -Force "$PSScriptRoot/../../out/tools/Modules"
    $null = New-Item -ItemType SymbolicLink -Force "$modules/Pester" -Target (Get-Item "$packages/pester/5.*/tools" | Select-Object -Last 1)
    $env:PSModulePath = "$modules`:$env:PSModulePath"
    Import-Module Pester -MaximumVersion 5.99
}
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
