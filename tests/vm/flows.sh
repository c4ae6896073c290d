# shellcheck shell=bash
# On the host, in the folder of a scenario that watched: flows as xtrace-catch prints them, sorted.

# The last sample of an end of the pair.
catch_flows() {
    awk -v heading="# $1" '
        /^# / { on = $0 == heading; if (on) lines = ""; next }
        on { lines = lines $0 "\n" }
        END { printf "%s", lines }' catch | sort
}

# What tshark finds of RoCEv2 in an end's pcap, a line each packet: from, to, queue pair, opcode, bytes.
tshark_packets() {
    [[ -e $1.packets ]] || tshark -r "$1.pcap" -Y 'udp.dstport == 4791' -T fields -E separator=' ' \
        -e ip.src -e ip.dst -e infiniband.bth.destqp -e infiniband.bth.opcode -e frame.len >"$1.packets" 2>/dev/null
    awk -v at="$([[ $2 == from ]] && echo 1 || echo 2)" -v address="$3" '$at == address' "$1.packets"
}

# The flows of them: the end, 'from' or 'to', the address.
tshark_flows() {
    local source destination pair opcode packets bytes
    tshark_packets "$@" |
        awk '{ flow = $1 " " $2 " " $3 " " $4; packets[flow]++; bytes[flow] += $5 }
            END { for (flow in packets) print flow, packets[flow], bytes[flow] }' |
        while read -r source destination pair opcode packets bytes; do
            echo "$source:0 -> $destination:$((pair)) proto=$((opcode)) packets=$packets bytes=$bytes"
        done | sort
}

# How many frames in an end's pcap are of several segments.
joined() {
    tshark -r "$1.pcap" -Y 'tcp && frame.len > 1514' 2>/dev/null | wc -l
}

# Of flows, those of RoCE: they have no source port.
roce_only() {
    grep ':0 -> '
}

opcodes() {
    sed -n 's/.* proto=\([0-9]*\) .*/\1/p' | sort -nu | xargs
}

# Packets and bytes of flows.
sum() {
    sed 's/.* packets=\([0-9]*\) bytes=\([0-9]*\)$/\1 \2/' | awk '{ packets += $1; bytes += $2 } END { print packets + 0, bytes + 0 }'
}

# Packets and bytes that an end's interface counted meanwhile: the end, rx or tx, and bytes a packet that it leaves out.
counted() {
    awk -v end="$1" -v at="$([[ $2 == rx ]] && echo 2 || echo 4)" -v left_out="${3:-0}" \
        '$1 == end { packets = $at - packets; bytes = $(at + 1) - bytes } END { print packets, bytes + left_out * packets }' \
        counters.before counters.after
}

# Whether all was sent, and is in the pcaps.
traffic_done() {
    equal 'Commands that failed' "$(grep -c 'exit code' log)" expected 0
    equal 'Frames that tcpdump lost' "$(frames_lost)" expected 0
}

# Frames that tcpdump did not get.
frames_lost() {
    awk '/dropped by/ { lost += $1; found++ } END { if (found) print lost }' ./*.tcpdump
}
