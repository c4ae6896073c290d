#!/usr/bin/env pwsh

<#
.SYNOPSIS
Saves the flows of a monitor as a baseline, or tells exactly what was on the wire since one was saved.

.DESCRIPTION
The interface needs a monitor that counts from before the baseline until after the comparison: Start-XdpMonitor. With -Save, its
flows go to a file. Without, they are compared with that file, and flows with traffic since then are emitted, the
greatest increase first:

New        it was not there
Changed    it was there, and went on
Gone       it was there, and has made room for others in the table; how it went on until then cannot be told
Unchanged  it was silent (with -IncludeUnchanged only)

Where a flow made room and came back, IsLowerBound is true. A warning says how many packets are in no flow any more.

With -Property flows are added up: by addresses and type, for example, so that each new connection between the same two
hosts is not a new flow.

.PARAMETER Path
The baseline's file (JSON).

.PARAMETER Save
Saves a baseline.

.PARAMETER InterfaceAlias
Whose flows to save, wildcards too. Default: NETWORK_INTERFACE, then eth0. A comparison is of the interfaces in the file.

.PARAMETER Force
Replaces a baseline that is there.

.PARAMETER Property
What makes two flows the same, besides interface and direction. Default: all by which the kernel tells flows apart.

.PARAMETER IncludeUnchanged
Emits what was silent as well.

.EXAMPLE
Start-XdpMonitor eth0; ./examples/Compare-FlowBaseline.ps1 before.json -Save eth0

Before a change. In a clone of the repository, do 'Import-Module ./out/XTrace' first.

.EXAMPLE
./examples/Compare-FlowBaseline.ps1 before.json | Where-Object Change -eq New

After it: flows that were not there before.

.EXAMPLE
./examples/Compare-FlowBaseline.ps1 before.json -Property TrafficType, SourceAddress, DestinationAddress | Select-Object -First 10

The ten pairs of hosts that exchanged most since the baseline.

.OUTPUTS
With -Save none. Otherwise an object for each flow or group: Change, InterfaceAlias, Direction, the properties of -Property, Packets
and Bytes (the increase), IsLowerBound, Since, Time (UTC).

.NOTES
Needs the rights of whoever started the monitor: see about_XTrace_Permissions.
Exit code: 0; 1 on an error, with the reason in the error stream, as where the monitor was started anew after the baseline.
#>
#requires -Version 7.6
#requires -Modules XTrace
[CmdletBinding(DefaultParameterSetName = 'Compare', SupportsShouldProcess)]
param(
    [Parameter(Mandatory, Position = 0)]
    [ValidateNotNullOrEmpty()]
    [string] $Path,

    [Parameter(Mandatory, ParameterSetName = 'Save')]
    [switch] $Save,

    [Parameter(Position = 1, ParameterSetName = 'Save')]
    [ValidateNotNullOrEmpty()]
    [SupportsWildcards()]
    [string[]] $InterfaceAlias = ($env:NETWORK_INTERFACE ? $env:NETWORK_INTERFACE : 'eth0'),

    [Parameter(ParameterSetName = 'Save')]
    [switch] $Force,

    [Parameter(ParameterSetName = 'Compare')]
    [ValidateSet('TrafficType', 'Protocol', 'VlanId', 'SourceAddress', 'SourcePort', 'DestinationAddress', 'DestinationPort',
        'DestinationQueuePair', 'Opcode', 'IcmpType', 'IcmpCode', 'EtherType', 'IsFragment')]
    [string[]] $Property = ('TrafficType', 'Protocol', 'VlanId', 'SourceAddress', 'SourcePort', 'DestinationAddress', 'DestinationPort',
        'DestinationQueuePair', 'Opcode', 'IcmpType', 'IcmpCode', 'EtherType', 'IsFragment'),

    [Parameter(ParameterSetName = 'Compare')]
    [switch] $IncludeUnchanged
)
Set-StrictMode -Version 3.0
$ErrorActionPreference = 'Stop'

$file = $PSCmdlet.GetUnresolvedProviderPathFromPSPath($Path)
$place = 'InterfaceAlias', 'Direction'
$identity = $place + $MyInvocation.MyCommand.Parameters.Property.Attributes.Where{ $_ -is [ValidateSet] }.ValidValues

function Get-Key($Flow, [string[]] $By) {
    $(foreach ($one in $By) { "$($Flow.$one)" }) -join '|'
}

# Without a monitor Get-FlowStat would watch for itself, and its counts would begin at zero.
function Assert-Running($Monitor) {
    foreach ($one in $Monitor | Where-Object State -NE Running) {
        throw "The monitor of $($one.InterfaceAlias) is $($one.State). " +
            "Start it: Start-XdpMonitor $($one.InterfaceAlias) -Force, then save a new baseline."
    }
}

if ($Save) {
    if ((Test-Path -LiteralPath $file) -and -not $Force) {
        throw "'$file' is there already. Replace it with -Force, or choose another -Path."
    }
    $monitors = @(Get-XdpMonitor $InterfaceAlias)
    if (-not $monitors) {
        throw "No monitor runs on '$($InterfaceAlias -join "', '")'. Start one: Start-XdpMonitor."
    }
    Assert-Running $monitors
    $baseline = [ordered] @{
        Time = [datetime]::UtcNow
        Monitors = @($monitors | Select-Object ($place + 'ProgramId', 'EvictedPackets'))
        Flows = @($monitors | Get-FlowStat | Select-Object ($identity + 'Packets', 'Bytes'))
    }
    if ($PSCmdlet.ShouldProcess($file, "Save $($baseline.Flows.Count) flows")) {
        $baseline | ConvertTo-Json -EnumsAsStrings -Depth 3 | Set-Content -LiteralPath $file
    }
    exit 0
}

if (-not (Test-Path -LiteralPath $file)) {
    throw "There is no baseline '$file'. Save one with -Save."
}
try {
    $baseline = Get-Content -LiteralPath $file -Raw | ConvertFrom-Json
    $null = [datetime] $baseline.Time, $baseline.Monitors[0].ProgramId, $baseline.Flows
} catch {
    throw "'$file' is no baseline. Save one with -Save -Force, or choose another -Path."
}
$monitors = @($baseline.Monitors | Get-XdpMonitor)
Assert-Running $monitors
for ($i = 0; $i -lt $monitors.Count; $i++) {
    # Programs are numbered from when the kernel booted.
    if ($monitors[$i].ProgramId -ne $baseline.Monitors[$i].ProgramId -or $monitors[$i].StartTime.ToUniversalTime() -gt $baseline.Time) {
        throw "The monitor of $($monitors[$i].InterfaceAlias) was started anew after the baseline. Save a new one: -Save -Force."
    }
    $evicted = $monitors[$i].EvictedPackets - $baseline.Monitors[$i].EvictedPackets
    if ($evicted) {
        Write-Warning ("$($monitors[$i].InterfaceAlias): $evicted packets are of flows that made room for others since the baseline, " +
            'and in no row. Start the monitor with a greater -MaxFlow.')
    }
}

$time = [datetime]::UtcNow
$columns = @(@{ Name = 'Change'; Expression = { $change } }) + $place + $Property + @{ Name = 'Packets'; Expression = { [uint64] 0 } },
    @{ Name = 'Bytes'; Expression = { [uint64] 0 } }, @{ Name = 'IsLowerBound'; Expression = { $false } },
    @{ Name = 'Since'; Expression = { $baseline.Time } }, @{ Name = 'Time'; Expression = { $time } }
$rows = @{}
function Get-Row($Flow, [string] $Change) {
    $key = Get-Key $Flow ($place + $Property)
    if (-not $rows.ContainsKey($key)) {
        $rows[$key] = $Flow | Select-Object $columns
    }
    $rows[$key]
}

$before = @{}
foreach ($flow in $baseline.Flows) {
    $before[(Get-Key $flow $identity)] = $flow
    $null = Get-Row $flow Gone
}
foreach ($flow in $monitors | Get-FlowStat) {
    $row = Get-Row $flow New
    $key = Get-Key $flow $identity
    $old = $before[$key]
    $before.Remove($key)
    # Less than before: it made room, and came back.
    $cameBack = $old -and $flow.Packets -lt $old.Packets
    $isKnown = $old -and -not $cameBack
    $row.Packets += $isKnown ? $flow.Packets - $old.Packets : $flow.Packets
    $row.Bytes += $isKnown ? $flow.Bytes - $old.Bytes : $flow.Bytes
    $row.IsLowerBound = $row.IsLowerBound -or $cameBack
    if ($row.Change -ne 'New') {
        $row.Change = $row.Packets ? 'Changed' : 'Unchanged'
    }
}
foreach ($flow in $before.Values) {
    (Get-Row $flow Gone).IsLowerBound = $true
}
$rows.Values | Where-Object { $IncludeUnchanged -or $_.Change -ne 'Unchanged' } | Sort-Object Bytes -Descending
exit 0
