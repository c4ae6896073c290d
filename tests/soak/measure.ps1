# A command of a pwsh that runs tests/faults/cmdlets.ps1.

# Reads the flows of an interface's monitor between two looks at its totals, and returns JSON: for each direction the numbers before, the
# sums of the flows, and the numbers after. Numbers are packets and bytes. A direction that others start meanwhile is left out.
function Measure-Monitor {
    [CmdletBinding()]
    param([string] $Name)
    $numbers = { param($monitor)
        @{
            program = $monitor.ProgramId; path = $monitor.Path; state = "$($monitor.State)"
            total = $monitor.Packets, $monitor.Bytes
            # Flows that are in the table no more, or never were.
            other = ($monitor.EvictedPackets + $monitor.FilteredPackets + $monitor.MalformedPackets),
            ($monitor.EvictedBytes + $monitor.FilteredBytes + $monitor.MalformedBytes)
        }
    }
    $answer = @{}
    foreach ($monitor in Get-XdpMonitor $Name -ErrorAction Stop) {
        $answer["$($monitor.Direction)"] = @{ before = & $numbers $monitor; flows = [ulong[]] (0, 0) }
    }
    foreach ($flow in Get-FlowStat $Name -ErrorAction Stop) {
        $sums = $answer["$($flow.Direction)"].flows
        if ($sums) {
            $sums[0] += $flow.Packets
            $sums[1] += $flow.Bytes
        }
    }
    foreach ($monitor in Get-XdpMonitor $Name -ErrorAction Stop) {
        $seen = $answer["$($monitor.Direction)"]
        if ($seen) {
            $seen.after = & $numbers $monitor
        }
    }
    ConvertTo-Json $answer -Compress -Depth 4
}
