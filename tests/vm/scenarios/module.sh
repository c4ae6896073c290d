# shellcheck shell=bash
# The cmdlets: pinned monitors, started by one pwsh and read by another.

run() {
    has_pwsh || return 0
    module "Start-XdpMonitor va, vb -AttachMode Native | Format-Table InterfaceAlias, Hook, State"
    capture
    rdma_pingpong
    end_capture
    # In the form of xtrace-catch, so that they compare alike.
    # shellcheck disable=SC2016 # PowerShell's
    module '
        foreach ($end in "va", "vb") {
            "# $end"
            Get-FlowStat $end -TrafficType RoCEv2 | ForEach-Object {
                "{0}:0 -> {1}:{2} proto={3} packets={4} bytes={5}" -f $_.SourceAddress, $_.DestinationAddress,
                    $_.DestinationQueuePair, [int]$_.Opcode, $_.Packets, $_.Bytes
            }
        }
        Get-XdpMonitor | Stop-XdpMonitor' >catch
}

check() {
    local end address
    if [[ -z $pwsh ]]; then
        skip 'The cmdlets were not run: there is no pwsh on PATH.'
        return
    fi
    traffic_done
    for end in va:192.0.2.1 vb:192.0.2.2; do
        address=${end#*:} end=${end%:*}
        same_lines "$end: Get-FlowStat" "$(catch_flows "$end")" tshark "$(tshark_flows "$end" to "$address")"
    done
}
