# Runs the commands that come on standard input, one a line, and answers each with a line of JSON: what it wrote, and its errors.
# Usage: pwsh -NoProfile -NonInteractive -File cmdlets.ps1 MODULE
param([string] $Module)
Import-Module $Module
# These calls load the assemblies that errors need, so that no fault meets one that is read for the first time.
$null = Get-XdpMonitor -ErrorAction SilentlyContinue
$null = Get-XdpMonitor none -ErrorAction SilentlyContinue -ErrorVariable first
"$first" | Out-Null
[Console]::Out.WriteLine('ready')
$streams = @{
    ErrorAction = 'SilentlyContinue'; ErrorVariable = '+failure'; WarningAction = 'SilentlyContinue'; WarningVariable = '+warnings'
}
while ($line = [Console]::In.ReadLine()) {
    $failure = @()
    $warnings = @()
    try {
        $written = @(. ([scriptblock]::Create("$line @streams")))
    } catch {
        $failure += $_
    }
    $answer = @{
        written  = @($written | ForEach-Object { $_ -is [XTrace.XdpMonitor] ? "$($_.InterfaceAlias) $($_.Direction) $($_.State)" : "$_" })
        # An error that ends a command is an exception in its variable, with the record inside.
        errors   = @($failure | ForEach-Object { $_ -is [Exception] ? $_.ErrorRecord : $_ } |
                ForEach-Object { @{ id = $_.FullyQualifiedErrorId; text = "$_" } })
        warnings = @($warnings | ForEach-Object { "$_" })
    }
    $written = $null
    [Console]::Out.WriteLine((ConvertTo-Json $answer -Compress -Depth 4))
}
