# Runs before anything else of the module is used. A process can load one copy of the assemblies only, and a session one copy of
# the views: without this check a second copy fails with an error for each of them.
# The variable is what a first import costs nothing to ask for; the first .NET method that a new pwsh calls costs 150 ms.
[Diagnostics.CodeAnalysis.SuppressMessageAttribute('PSAvoidGlobalVars', '', Justification = 'Another copy has a scope of its own.')]
param()
if ($global:XTraceLoadedFrom) {
    $loaded = [Type]::GetType('XTrace.PowerShell.ViewFormat, XTrace.PowerShell')?.Assembly
    $assembly = Join-Path $PSScriptRoot XTrace.PowerShell.dll
    if ($loaded -and
        ($loaded.Location -ne $assembly -or $loaded.GetName().Version -ne [Reflection.AssemblyName]::GetAssemblyName($assembly).Version)) {
        $exception = [InvalidOperationException]::new(
            "XTrace $($loaded.GetName().Version.ToString(3)) from '$(Split-Path $loaded.Location)' is already loaded in this process, " +
            "and a process can load only one. To use the one in '$PSScriptRoot', start a new pwsh.")
        throw [Management.Automation.ErrorRecord]::new($exception, 'XTraceAlreadyLoaded', 'ResourceExists', $PSScriptRoot)
    }
}
$global:XTraceLoadedFrom = $PSScriptRoot
# The engine is machine code. .NET refuses that of another architecture, which costs nothing where the first is right. Asking for the
# architecture would make an import take a fifth longer.
try {
    Import-Module "$PSScriptRoot/linux-x64/XTrace.Engine.psd1"
} catch {
    $global:Error.RemoveAt(0)
    Import-Module "$PSScriptRoot/linux-arm64/XTrace.Engine.psd1"
}
