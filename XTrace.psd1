@{
    RootModule           = 'XTrace.PowerShell.dll'
    ModuleVersion        = '0.1.0'
    GUID                 = 'e0a4f9b6-6f2c-4d5e-9a41-3c1f6b8d27a5'
    Author               = 'The XTrace authors'
    CompanyName          = 'XTrace'
    Copyright            = '(c) The XTrace authors. Licensed under GPL-2.0.'
    Description          = 'Watches network flows in the Linux kernel with eBPF programs on XDP and TC, reads RDMA hardware counters and connections, judges the health of RDMA ports, and emits all of it as objects.'
    CompatiblePSEditions = @('Core')
    PowerShellVersion    = '7.6'
    NestedModules        = @('XTrace.Guard.psm1', 'Views/XTrace.Views.psd1')
    CmdletsToExport      = @('Get-FlowStat', 'Get-RdmaCounter', 'Get-RdmaDevice', 'Get-RdmaQueuePair', 'Get-XdpMonitor', 'Start-XdpMonitor', 'Stop-XdpMonitor', 'Test-RdmaHealth', 'Watch-FlowStat')
    FunctionsToExport    = @()
    AliasesToExport      = @()
    VariablesToExport    = @()
    PrivateData          = @{
        PSData = @{
            Tags         = @('Linux', 'eBPF', 'XDP', 'TC', 'Network', 'Monitoring', 'RoCE', 'RDMA', 'InfiniBand', 'PSEdition_Core')
            LicenseUri   = 'https://www.gnu.org/licenses/old-licenses/gpl-2.0.html'
            ReleaseNotes = 'The first release.'
        }
    }
}
