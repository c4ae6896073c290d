# shellcheck shell=bash disable=SC2154 # address_b: fabric.sh, version: run.sh
# TC on both ends and both ways, while RDMA and TCP traffic run: TCX where the kernel has it, else clsact.

run() {
    # TCP leaves through the hook in packets that the kernel cuts up behind it, and arrives at vb in packets that the
    # kernel joined before the hook. What travels between, the interfaces count.
    ethtool -K va tso off
    ethtool -K vb tso off gro on
    # Longer than what the emulated processor takes from one packet to the next.
    echo 2000000 >/sys/class/net/vb/gro_flush_timeout
    watch --attach-mode tc --direction both
    tc qdisc show dev va >qdiscs
    rdma_traffic
    pair 5201 "iperf3 -s -1" "iperf3 -c $address_b -n 4M"
    unwatch
    for direction in ingress egress; do
        tc filter show dev va $direction
        tc filter show dev vb $direction
    done >left
    ethtool -K va tso on
    ethtool -K vb tso on gro off
}

check() {
    # With GRO, which a veth has from 5.13 on, what passes to vb is counted, at both ends, without its Ethernet header.
    local end way field own which left_out joined to_vb=14
    [[ $version != 5.10 ]] || to_vb=0
    equal 'Hook' "$(grep -q clsact qdiscs && echo clsact || echo TCX)" expected "$([[ $version == 6.12 ]] && echo TCX || echo clsact)"
    traffic_done
    joined=$(joined vb)
    equal "TCP arrived joined: $joined frames" "$([[ $joined -gt 0 ]] && echo yes || echo no)" \
        expected "$([[ $version == 5.10 ]] && echo no || echo yes)"
    equal 'Filters left behind' "$(grep -c bpf left)" expected 0
    while read -r end way field own which left_out; do
        same_lines "$end $way: RoCEv2 flows" "$(catch_flows "$end $way" | roce_only)" tshark "$(tshark_flows "$end" "$field" "$own")"
        equal "$end $way: packets and bytes of all" "$(catch_flows "$end $way" | sum)" \
            "$end's own counters" "$(counted "$end" "$which" "$left_out")"
    done <<END
va ingress to 192.0.2.1 rx 0
va egress from 192.0.2.1 tx $to_vb
vb ingress to 192.0.2.2 rx $to_vb
vb egress from 192.0.2.2 tx 0
END
}
