#!/usr/bin/env pwsh

<#
.SYNOPSIS
Watches an interface for a while and appends the flows that carried most to a CSV file.

.DESCRIPTION
Run it every minute: xtrace-top-talkers.timer does that under systemd, xtrace.cron under cron. Each run watches
for -Seconds, with a monitor of its own that it detaches, or with the one of Start-XdpMonitor that runs on the interface; it
appends at most -Top rows for each interface and direction, greatest first, and none where nothing was on the wire.

The file has one header whatever the version, culture or time zone:

Time            end of the interval, UTC, ISO 8601
Seconds         how long was watched
InterfaceAlias, Direction, TrafficType, Protocol, VlanId
SourceAddress, SourcePort, DestinationAddress, DestinationPort
                ports are empty where there are none; a RoCE flow has its queue pair and opcode in the next two
DestinationQueuePair, Opcode
PacketsPerSecond, BytesPerSecond
                over the measured interval, L2 bytes without FCS

What cannot be known from one run is not there: the counts since the start of a monitor say nothing about this minute.

Rotate the file as you rotate logs; the next run begins a new one with a header. A file that begins with other columns is
refused and left as it is.

.PARAMETER Path
The CSV file. Its folder must exist.

.PARAMETER InterfaceAlias
The interfaces, wildcards too. Default: NETWORK_INTERFACE, then eth0.

.PARAMETER Seconds
How long to watch, 1 to 3600. Less than the time between two runs, with a few seconds for pwsh to start.

.PARAMETER Top
How many flows of each interface and direction, 1 to 10000.

.PARAMETER Direction
Ingress (what arrives), Egress (what leaves) or Both. Without it: what a monitor that runs counts, or what arrives.

.EXAMPLE
./examples/Export-TopTalker.ps1 -Path talkers.csv -InterfaceAlias eth0 -Seconds 5

Five seconds of eth0, now. In a clone of the repository, do 'Import-Module ./out/XTrace' first.

.EXAMPLE
Import-Csv /var/log/xtrace/top-talkers.csv | Where-Object Time -gt '2026-01-31T12' |
    Group-Object SourceAddress -NoElement | Sort-Object Count -Descending

Who was among the top talkers most often since noon, UTC.

.OUTPUTS
None.

.NOTES
Needs CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN, and write access to the file; not root.
Exit code: 0 when every interface was watched and the file written; 1 otherwise, with the reason in the error stream. Where
one of several interfaces fails, the rows of the others are written.
#>
#requires -Version 7.6
#requires -Modules XTrace
[CmdletBinding(SupportsShouldProcess)]
param(
    [Parameter(Mandatory, Position = 0)]
    [ValidateNotNullOrEmpty()]
    [string] $Path,

    [Parameter(Position = 1)]
    [ValidateNotNullOrEmpty()]
    [SupportsWildcards()]
    [string[]] $InterfaceAlias,

    [ValidateRange(1, 3600)]
    [int] $Seconds = 50,

    [ValidateRange(1, 10000)]
    [int] $Top = 20,

    [ValidateSet('Ingress', 'Egress', 'Both')]
    [string] $Direction
)
Set-StrictMode -Version 3.0
$ErrorActionPreference = 'Stop'

$columns = 'Time', 'Seconds', 'InterfaceAlias', 'Direction', 'TrafficType', 'Protocol', 'VlanId', 'SourceAddress', 'SourcePort',
    'DestinationAddress', 'DestinationPort', 'DestinationQueuePair', 'Opcode', 'PacketsPerSecond', 'BytesPerSecond'
$invariant = [cultureinfo]::InvariantCulture

# Before a minute of watching, not after.
$file = $PSCmdlet.GetUnresolvedProviderPathFromPSPath($Path)
if (-not (Test-Path -LiteralPath (Split-Path $file) -PathType Container)) {
    throw "The folder of '$file' does not exist. Make it, or choose another -Path."
}
$header = (Test-Path -LiteralPath $file) ? (Get-Content -LiteralPath $file -TotalCount 1) : $null
if ($header -and $header.Replace('"', '') -ne ($columns -join ',')) {
    throw "'$file' has other columns than this script writes. Move it away, or choose another -Path."
}
if (-not $PSCmdlet.ShouldProcess($file, "Append the top $Top flows of $Seconds s")) {
    return
}

$watch = @{ SampleInterval = $Seconds; Top = $Top; By = 'BytesPerSecond' }
foreach ($name in 'InterfaceAlias', 'Direction') {
    if ($PSBoundParameters.ContainsKey($name)) {
        $watch[$name] = $PSBoundParameters[$name]
    }
}
# Numbers become text here: Export-Csv would write them as the culture does.
$rows = Get-FlowStat @watch -ErrorAction Continue -ErrorVariable failures | Where-Object BytesPerSecond -GT 0 | ForEach-Object {
    [pscustomobject] @{
        Time = $_.Timestamp.ToUniversalTime().ToString('yyyy-MM-ddTHH:mm:ssZ', $invariant)
        Seconds = $Seconds.ToString($invariant)
        InterfaceAlias = $_.InterfaceAlias
        Direction = $_.Direction
        TrafficType = $_.TrafficType
        Protocol = $_.Protocol
        VlanId = $_.VlanId
        SourceAddress = $_.SourceAddress
        SourcePort = $_.SourcePort
        DestinationAddress = $_.DestinationAddress
        DestinationPort = $_.DestinationPort
        DestinationQueuePair = $_.DestinationQueuePair
        Opcode = $_.Opcode
        PacketsPerSecond = $_.PacketsPerSecond.ToString('F1', $invariant)
        BytesPerSecond = $_.BytesPerSecond.ToString('F1', $invariant)
    }
}
if ($rows) {
    $rows | Export-Csv -LiteralPath $file -Append
}
exit $failures.Count -gt 0 ? 1 : 0
