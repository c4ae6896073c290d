# The engine of a module, in the folder of its architecture: XTrace.Guard.psm1 chooses. The cmdlets find it because it is loaded by then.
@{
    ModuleVersion      = '1.0'
    RequiredAssemblies = @('XTrace.Core.dll')
    CmdletsToExport    = @()
    FunctionsToExport  = @()
    AliasesToExport    = @()
    VariablesToExport  = @()
}
