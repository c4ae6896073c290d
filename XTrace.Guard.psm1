# Runs before anything else of the module is loaded. A process can load one copy of the assemblies only, and a session one copy of
# the views: without this check a second copy fails with an error for each of them.
$assembly = Join-Path $PSScriptRoot XTrace.PowerShell.dll
$loaded = ('XTrace.PowerShell.ViewFormat' -as [type])?.Assembly
if ($loaded) {
    $version = $loaded.GetName().Version
    if ($loaded.Location -ne $assembly -or $version -ne [Reflection.AssemblyName]::GetAssemblyName($assembly).Version) {
        $exception = [InvalidOperationException]::new(
            "XTrace $($version.ToString(3)) from '$(Split-Path $loaded.Location)' is already loaded in this process, " +
            "and a process can load only one. To use the one in '$PSScriptRoot', start a new pwsh.")
        throw [Management.Automation.ErrorRecord]::new($exception, 'XTraceAlreadyLoaded', 'ResourceExists', $PSScriptRoot)
    }
}
