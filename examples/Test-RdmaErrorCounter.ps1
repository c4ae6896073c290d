#!/usr/bin/env pwsh

<#
.SYNOPSIS
Emits the RDMA error counters that have risen since the last run, and exits with 2 if there are any.

.DESCRIPTION
Run it every few minutes: the last line of xtrace.cron does that under cron, which mails what a command prints. The
first run remembers what the counters are and is silent; each later one compares with what the one before remembered in
-StatePath, so that nothing that happens between two runs is missed. It needs no privilege.

A counter that is less than before was reset, as at a reboot; what it has since counted is a rise of unknown size: Rise is
empty. A counter that stands at its greatest value rises no more until it is reset; -Verbose names those, and those
that cannot be read. A device that was there before and is not any more is an error.

.PARAMETER StatePath
The file (JSON) that remembers the counters between runs. Its folder must exist. Give each set of parameters a file of its own.

.PARAMETER Device
The RDMA devices, wildcards too. Default: all.

.PARAMETER Category
Which counters: Error, Retransmission, Congestion, Traffic, Other. Default: Error.

.PARAMETER Name
Only counters of these names, wildcards too.

.PARAMETER MinimumRise
Emit those that rose by at least this much.

.EXAMPLE
./examples/Test-RdmaErrorCounter.ps1 -StatePath rdma.json

In a clone of the repository, do 'Import-Module ./out/XTrace' first.

.EXAMPLE
pwsh -NoProfile -File examples/Test-RdmaErrorCounter.ps1 -StatePath /var/lib/xtrace/rdma.json || logger -p daemon.err 'RDMA errors'

Anything that takes an exit code can raise the alarm.

.OUTPUTS
One object for each counter that rose: Time, Since (UTC), Device, Port, InterfaceAlias, Name, Rise, Value, Description.

.NOTES
Exit code: 0 when nothing rose; 2 when something did; 1 when it cannot be told, with the reason in the error stream. What is
remembered then stays.
#>
#requires -Version 7.6
#requires -Modules XTrace
[CmdletBinding(SupportsShouldProcess)]
param(
    [Parameter(Mandatory, Position = 0)]
    [ValidateNotNullOrEmpty()]
    [string] $StatePath,

    [Parameter(Position = 1)]
    [ValidateNotNullOrEmpty()]
    [SupportsWildcards()]
    [string[]] $Device = '*',

    [ValidateSet('Error', 'Retransmission', 'Congestion', 'Traffic', 'Other')]
    [string[]] $Category = 'Error',

    [ValidateNotNullOrEmpty()]
    [SupportsWildcards()]
    [string[]] $Name = '*',

    [ValidateRange(1, [long]::MaxValue)]
    [long] $MinimumRise = 1
)
Set-StrictMode -Version 3.0
$ErrorActionPreference = 'Stop'

$file = $PSCmdlet.GetUnresolvedProviderPathFromPSPath($StatePath)
if (-not (Test-Path -LiteralPath (Split-Path $file) -PathType Container)) {
    throw "The folder of '$file' does not exist. Make it, or choose another -StatePath."
}
$before = $null
if (Test-Path -LiteralPath $file) {
    try {
        $before = Get-Content -LiteralPath $file -Raw | ConvertFrom-Json -AsHashtable
        $since = [datetime] $before.Time
        $known = [Collections.IDictionary] $before.Counters
    } catch {
        throw "'$file' does not hold what this script remembers. Remove it to begin anew, or choose another -StatePath."
    }
}

$devices = @(Get-RdmaDevice $Device)
if (-not $devices) {
    throw "There is no RDMA device '$($Device -join "', '")'. Is its driver loaded? Get-RdmaDevice shows what there is."
}
if ($before) {
    $gone = @($before.Devices | Where-Object { $_ -notin $devices.Name })
    if ($gone) {
        throw "RDMA device '$($gone -join "', '")' was there at $($since.ToString('u', [cultureinfo]::InvariantCulture)) and is gone. " +
            "If that is meant, remove '$file'."
    }
}

$time = [datetime]::UtcNow
$values = [ordered] @{}
$sources = 'Counters', 'CountersExt', 'HwCounters', 'DiagCounters'
$risen = @(foreach ($counter in $devices | Get-RdmaCounter -Category $Category -Name $Name -Source $sources) {
    $key = "$($counter.Device)/$($counter.Port)/$($counter.Source)/$($counter.Name)"
    if ($null -eq $counter.Value) {
        Write-Verbose "${key}: $($counter.Status)"
        # It may be read again, and is then compared with this.
        if ($before -and $known.Contains($key)) {
            $values[$key] = $known[$key]
        }
        continue
    }
    if ($counter.IsSaturated) {
        Write-Verbose "${key}: at its greatest value, $($counter.Value)"
    }
    $values[$key] = $counter.Value
    if (-not $before -or -not $known.Contains($key)) {
        continue
    }
    $old = [uint64] $known[$key]
    $wasReset = $counter.Value -lt $old
    $rise = $wasReset ? $counter.Value : $counter.Value - $old
    if ($rise -ge $MinimumRise) {
        [pscustomobject] @{
            Time = $time
            Since = $since
            Device = $counter.Device
            Port = $counter.Port
            InterfaceAlias = $counter.InterfaceAlias
            Name = $counter.Name
            Rise = $wasReset ? $null : $rise
            Value = $counter.Value
            Description = $counter.Description
        }
    }
})

if ($PSCmdlet.ShouldProcess($file, "Remember $($values.Count) counters")) {
    # Whoever is killed here leaves the old file or the new one, never half of one.
    $new = "$file.$PID"
    [ordered] @{ Time = $time.ToString('o'); Devices = @($devices.Name); Counters = $values } | ConvertTo-Json |
        Set-Content -LiteralPath $new
    [IO.File]::Move($new, $file, $true)
}
$risen
exit $risen.Count -gt 0 ? 2 : 0
