# shellcheck shell=bash disable=SC2154 # nobody: guest.sh
# XDP on both ends of the pair while RDMA traffic runs: what arrives, by queue pair and opcode. Over the same traffic, the
# counters of the soft-RoCE devices: what was sent and received against the pcap. Then what an ordinary user is shown of
# them before, while and after packets get lost, against 'rdma statistic'.

devices=rxe_a,rxe_b

run() {
    local tool name watchers=()
    local -A shows # a file, and a line that ends what it shows of a device in a sample
    statistic >statistic.idle
    watch --attach-mode native
    rdma_traffic
    unwatch
    statistic >statistic.before
    rdma link show >links

    # All of them begin at rest, and have shown that before packets get lost.
    if has_pwsh; then
        # shellcheck disable=SC2034 # for module
        as=("${nobody[@]}")
        # 'break' ends the process.
        # shellcheck disable=SC2016 # PowerShell's
        module '
            Get-RdmaDevice | ForEach-Object Ports | ForEach-Object {
                "port {0}/{1} {2} {3} {4} {5}" -f $_.Device, $_.Port, $_.State, $_.PhysicalState,
                    $_.Interfaces[0].InterfaceAlias, $_.Interfaces[0].FoundBy
            }
            Get-RdmaCounter -SampleInterval 3 -Continuous | ForEach-Object {
                if (Test-Path /tmp/enough) { break }
                "{0} {1}/{2} {3} {4} {5}" -f $_.Source, $_.Device, $_.Port, $_.Name, $_.RawValue, $_.Delta
            }' >cmdlets &
        shows[cmdlets]='/1 sent_pkts'
        await 240 shown 2 "${shows[cmdlets]}" cmdlets
    fi
    for name in nccl rdma; do
        "${nobody[@]}" xtrace-catch -m $name -d $devices -t 3000 >$name.out 2>$name.err &
        watchers+=($!)
        shows[$name.out]='^---'
        await 120 shown 2 "${shows[$name.out]}" $name.out
    done

    tc qdisc add dev va root netem loss 2%
    tc qdisc add dev vb root netem loss 2%
    for tool in ib_send_bw ib_write_bw; do
        rdma_bandwidth $tool
    done
    # Its ends do not wait for each other: who misses the last acknowledgement fails, or stays, once the other has gone. Its exit
    # codes are therefore not counted as failures; check() asks that one end at least came to its end.
    limit=60 rdma_pingpong | sed 's/exit code/ended with/'
    # The client leaves once it has asked to disconnect. If that is lost, the server stays.
    limit=60 rdma_ping 10 | sed 's/server: exit code/server ended with/'
    tc -s qdisc show >qdiscs
    tc qdisc del dev va root
    tc qdisc del dev vb root
    at_rest
    statistic >statistic.after
    # The sample that is being shown, and one more.
    for name in "${!shows[@]}"; do
        await_more 4 "${shows[$name]}" "$name"
    done
    kill -TERM "${watchers[@]}"
    wait "${watchers[@]}"
    touch /tmp/enough
    wait
}

# A line for each counter: device/port, name, value.
statistic() {
    rdma statistic show | awk '{ for (i = 3; i < NF; i += 2) print $2, $i, $(i + 1) }' | sort
}

check() {
    local end device address
    traffic_done
    # RC: SEND, WRITE and READ in one packet and in several, their responses and acknowledgements. UD: SEND.
    equal 'Opcodes in the traffic' "$(roce_only <catch | opcodes)" expected '0 1 2 4 6 7 8 10 12 13 14 15 16 17 100'
    for end in va:192.0.2.1 vb:192.0.2.2; do
        address=${end#*:} end=${end%:*}
        same_lines "$end: RoCEv2 flows that arrived" "$(catch_flows "$end" | roce_only)" tshark "$(tshark_flows "$end" to "$address")"
        # A veth with XDP counts without the Ethernet header of 14 bytes (drivers/net/veth.c: after eth_type_trans).
        equal "$end: packets and bytes of all that arrived" "$(catch_flows "$end" | sum)" \
            "$end's own counters, with headers" "$(counted "$end" rx 14)"
    done

    echo "  $(awk '{ print $2 }' statistic.after | sort -u | wc -l) counters a device:" \
        "$(awk '{ print $2 }' statistic.after | sort -u | xargs)"
    for device in rxe_a:192.0.2.1 rxe_b:192.0.2.2; do
        address=${device#*:} device=${device%:*}
        equal "$device: packets sent" "$(grown statistic.idle statistic.before | value "$device/1" sent_pkts)" \
            "tshark" "$(tshark_packets va from "$address" | wc -l)"
        equal "$device: packets received" "$(grown statistic.idle statistic.before | value "$device/1" rcvd_pkts)" \
            "tshark" "$(tshark_packets va to "$address" | wc -l)"
    done
    echo "  Lost: $(awk '/^qdisc/ { end = $2 == "netem" ? $5 : "" }
        end && /Sent/ { sub(",", "", $7); print end, $7, "of", $4 + $7 }' qdiscs | paste -sd ,)"
    # Without loss both ends of ibv_rc_pingpong and of ibv_ud_pingpong.
    rose 'Pingpongs that came to their end' 4 "$(grep -c 'iters in' log)"
    for device in 'rxe_a/1 completer_retry_err' 'rxe_a/1 rcvd_seq_err' 'rxe_b/1 out_of_seq_request'; do
        # shellcheck disable=SC2086 # two words
        rose "$device" "$(value $device <statistic.before)" "$(value $device <statistic.after)"
    done

    same_lines 'Mode nccl before the loss' "$(nccl_samples | first)" 'rdma statistic' "$(<statistic.before)"
    same_lines 'Mode nccl after it' "$(nccl_samples | last)" 'rdma statistic' "$(<statistic.after)"
    same_lines 'Mode nccl, increments' "$(nccl_samples | total)" 'rdma statistic' "$(grown statistic.before statistic.after)"
    same_lines 'Mode nccl, marked as risen' "$(nccl_samples | awk '$5 == "*" { print $1, $2 }' | sort -u)" 'rdma statistic' \
        "$(grown statistic.before statistic.after | awk '$3 > 0 { print $1, $2 }')"
    same_lines 'Mode rdma after the loss' "$(rdma_samples | last)" 'rdma statistic' "$(grep -E ' (sent|rcvd)_pkts ' statistic.after)"
    same_lines 'Mode rdma, increments' "$(rdma_samples | total)" 'rdma statistic' \
        "$(grown statistic.before statistic.after | grep -E ' (sent|rcvd)_pkts ')"
    same_lines 'Mode rdma, states and interfaces' \
        "$(awk '/^Device: / { device = $2 } /^Interface: / { end = $2 } /Port state:/ { print device, $3, $4, end }' rdma.out |
            sort -u)" 'rdma link' "$(links | sed -E 's/ (\w+) (\w+)$/ (\1) \2/')"

    if [[ -z $pwsh ]]; then
        skip 'The cmdlets were not run: there is no pwsh on PATH.'
        return
    fi
    same_lines 'Get-RdmaDevice' "$(sed -n 's/^port //p' cmdlets | sort)" 'rdma link' "$(links | sed 's/$/ RdmaNetlink/')"
    same_lines 'Get-RdmaCounter before the loss' "$(module_samples | first)" 'rdma statistic' "$(<statistic.before)"
    same_lines 'Get-RdmaCounter after it' "$(module_samples | last)" 'rdma statistic' "$(<statistic.after)"
    same_lines 'Get-RdmaCounter, Delta' "$(module_samples | total)" 'rdma statistic' "$(grown statistic.before statistic.after)"
}

# What, before and after.
rose() {
    if ((${3:-0} > ${2:-0})); then
        pass "$1 rose under loss: from $2 to $3"
    else
        fail "$1 did not rise under loss: from ${2:-none} to ${3:-none}"
    fi
}

# device/port, name, growth from one statistic to another.
grown() {
    awk 'NR == FNR { before[$1 " " $2] = $3; next } { print $1, $2, $3 - before[$1 " " $2] }' "$1" "$2"
}

# Of such lines, one's number: device/port, name.
value() {
    awk -v device="$1" -v name="$2" '$1 == device && $2 == name { print $3 }'
}

# What the kernel says of ports, in XTrace's words: device/port, state, physical state, interface.
links() {
    awk '{ print $2, $4, $6, $8 }' links | sed 's/ACTIVE/Active/; s/LINK_UP/LinkUp/' | sort
}

# The hw_counters of all samples, a line each: device/port, name, value, increment, mark.
nccl_samples() {
    awk '/^Device: / { device = $2 }
        /^[* ] [a-z_]+ +[0-9]/ { print device, $(($1 == "*") + 1), $(($1 == "*") + 2), $(($1 == "*") + 3) + 0, $1 }' nccl.out
}

rdma_samples() {
    awk '/^Device: / { device = $2 }
        /^Sent:/ { name = "sent_pkts" } /^Received:/ { name = "rcvd_pkts" } /^  Packets:/ { packets[name] = $2 }
        /^  Sent:/ { print device, "sent_pkts", packets["sent_pkts"], $4 }
        /^  Received:/ { print device, "rcvd_pkts", packets["rcvd_pkts"], $4 }' rdma.out
}

module_samples() {
    sed -n 's/^HwCounters //p' cmdlets
}

first() {
    awk '!seen[$1 " " $2]++ { print $1, $2, $3 }' | sort
}

last() {
    awk '{ value[$1 " " $2] = $3 } END { for (counter in value) print counter, value[counter] }' | sort
}

# Increments of all samples together.
total() {
    awk '{ sum[$1 " " $2] += $4 } END { for (counter in sum) print counter, sum[counter] }' | sort
}
