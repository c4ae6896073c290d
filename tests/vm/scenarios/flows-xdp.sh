# shellcheck shell=bash
# XDP on both ends of the pair while RDMA traffic runs: what arrives, by queue pair and opcode.

run() {
    watch --attach-mode native
    rdma_traffic
    unwatch
}

check() {
    local end address
    equal 'Frames that tcpdump lost' "$(frames_lost)" expected 0
    # RC: SEND, WRITE and READ in one packet and in several, their responses and acknowledgements. UD: SEND.
    equal 'Opcodes in the traffic' "$(roce_only <catch | opcodes)" expected '0 1 2 4 6 7 8 10 12 13 14 15 16 17 100'
    for end in va:192.0.2.1 vb:192.0.2.2; do
        address=${end#*:} end=${end%:*}
        same_lines "$end: RoCEv2 flows that arrived" "$(catch_flows "$end" | roce_only)" tshark "$(tshark_flows "$end" "ip.dst == $address")"
        # A veth with XDP counts without the Ethernet header of 14 bytes (drivers/net/veth.c: after eth_type_trans).
        equal "$end: packets and bytes of all that arrived" "$(catch_flows "$end" | sum)" "$end's own counters, with headers" "$(counted "$end" rx 14)"
    done
}
