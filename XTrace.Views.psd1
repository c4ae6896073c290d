# The views are a nested module so that they are loaded after XTrace.Guard.psm1.
@{
    ModuleVersion     = '1.0'
    FormatsToProcess  = @('XTrace.Format.ps1xml')
    TypesToProcess    = @('XTrace.Types.ps1xml')
    CmdletsToExport   = @()
    FunctionsToExport = @()
    AliasesToExport   = @()
    VariablesToExport = @()
}
