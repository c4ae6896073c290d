#!/usr/bin/env pwsh

<#
.SYNOPSIS
Writes what flows gained as JSON lines, with the columns that xtrace-exporter writes into ClickHouse.

.DESCRIPTION
Takes flows from the pipeline, as Get-FlowStat emits them with -Continuous or -MaxSamples. A row is what a flow gained from one
sample to the next: sums over rows are what was on the wire, to the byte. The first sample of a flow is what it had until then,
so begin with a monitor that has just started, or leave out the rows of the first sample.

Each line is an object with the columns of deploy/clickhouse/xtrace.sql:

clickhouse-client --query 'INSERT INTO xtrace.flows FORMAT JSONEachRow' < rows.jsonl

The same file becomes Parquet without a library in PowerShell:

clickhouse local --query "SELECT * FROM file('rows.jsonl', JSONEachRow)" --format Parquet > rows.parquet

.PARAMETER InputObject
Flows.

.PARAMETER Path
The file that lines are appended to. Its folder must exist. Without it, lines are emitted.

.EXAMPLE
Get-FlowStat eth0 -MaxSamples 12 -SampleInterval 5 | ./examples/Export-FlowRow.ps1 -Path rows.jsonl

A minute of eth0.

.EXAMPLE
Get-FlowStat eth0 | ./examples/Export-FlowRow.ps1 | ConvertFrom-Json | Measure-Object Bytes -Sum

The bytes of all flows so far.

.OUTPUTS
System.String, without -Path.

.NOTES
Reading flows needs CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN. Exit code: 0 when all lines were written, 1 otherwise.
#>
[CmdletBinding()]
[OutputType([string])]
param(
    [Parameter(Mandatory, ValueFromPipeline)]
    [PSTypeName('XTrace.FlowStat')]
    [object] $InputObject,

    [Parameter()]
    [string] $Path
)

begin {
    $ErrorActionPreference = 'Stop'
    $before = @{}
    $hostName = [Environment]::MachineName
    $writer = if ($Path) {
        [IO.StreamWriter]::new($PSCmdlet.GetUnresolvedProviderPathFromPSPath($Path), $true)
    }
    $endReasons = @{ None = 'none'; IdleTimeout = 'idle'; ActiveTimeout = 'active'; ForcedEnd = 'forced'; LackOfResources = 'resources' }

    # IPv4 addresses are IPv4-mapped in the table.
    function Get-Address([string] $Address) {
        $Address.Contains(':') ? $Address : "::ffff:$Address"
    }

    # A MAC address as the number that ClickHouse's MACNumToString shows.
    function Get-Mac([string] $Address) {
        [Convert]::ToUInt64($Address.Replace(':', ''), 16)
    }
}

process {
    $flow = $InputObject
    $key = $flow.InterfaceAlias, $flow.Direction, $flow.VlanId, $flow.TrafficType, $flow.Protocol, $flow.Source, $flow.Destination,
        $flow.Opcode, $flow.EtherType -join "`n"
    $last = $before[$key] ?? @{ Packets = 0; Bytes = 0 }
    # A flow that made room and came back begins anew.
    if ($flow.Packets -lt $last.Packets) {
        $last = @{ Packets = 0; Bytes = 0 }
    }
    $before[$key] = @{ Packets = $flow.Packets; Bytes = $flow.Bytes }
    if ($flow.EndReason -ne 'None') {
        $before.Remove($key)
    }
    if ($flow.Packets -eq $last.Packets) {
        return
    }
    $isEthernet = $flow.TrafficType -eq 'Ethernet'
    $line = [ordered] @{
        Host = $hostName
        Interface = $flow.InterfaceAlias
        Direction = "$($flow.Direction)".ToLowerInvariant()
        SrcAddr = $isEthernet ? '::' : (Get-Address $flow.SourceAddress)
        DstAddr = $isEthernet ? '::' : (Get-Address $flow.DestinationAddress)
        SrcMac = $isEthernet ? (Get-Mac $flow.SourceAddress) : 0
        DstMac = $isEthernet ? (Get-Mac $flow.DestinationAddress) : 0
        TrafficType = "$($flow.TrafficType)"
        Protocol = [int] ($flow.Protocol ?? 0)
        SrcPort = $flow.SourcePort ?? 0
        DstPort = $flow.DestinationPort ?? 0
        Vlan = $flow.VlanId ?? 0
        EtherType = $flow.EtherType ?? 0
        IcmpType = $flow.IcmpType ?? 0
        IcmpCode = $flow.IcmpCode ?? 0
        IsFragment = $flow.IsFragment
        DstQueuePair = $flow.DestinationQueuePair ?? 0
        Opcode = [int] ($flow.Opcode ?? 0)
        Time = [DateTimeOffset]::new($flow.LastSeen).ToUnixTimeSeconds()
        DurationMilliseconds = [uint] $flow.Duration.TotalMilliseconds
        Packets = $flow.Packets - $last.Packets
        Bytes = $flow.Bytes - $last.Bytes
        EndReason = $endReasons["$($flow.EndReason)"]
    } | ConvertTo-Json -Compress
    if ($writer) {
        $writer.WriteLine($line)
    } else {
        $line
    }
}

clean {
    ${writer}?.Dispose()
}
