# The views are a nested module so that XTrace.Guard.psm1 comes before them. In a folder of its own: a package has the first manifest that
# it finds beside XTrace.psd1.
@{
    ModuleVersion     = '1.0'
    FormatsToProcess  = @('../XTrace.Format.ps1xml')
    TypesToProcess    = @('../XTrace.Types.ps1xml')
    CmdletsToExport   = @()
    FunctionsToExport = @()
    AliasesToExport   = @()
    VariablesToExport = @()
}
