# shellcheck shell=bash disable=SC2154 # nobody: guest.sh; release: packages.sh
# Queue pairs of real programs, as XTrace shows them: against 'rdma resource show qp', and their packets against the
# distinct sequence numbers in the pcap, with and without loss, over a wrap of the number, and for READ. Then the processes
# of flows, as Get-FlowStat shows them.

# On the host, before the guest boots.
prepare() {
    "$compiler" -shared -fPIC -o "$helpers/near-wrap.so" tests/vm/near-wrap.c
}

run() {
    local a b dump
    a=$(gid rxe_a)
    b=$(gid rxe_b)
    follow samples
    tcpdump -Z root -i va -s 128 -B 65536 -w /tmp/va.pcap 2>va.tcpdump &
    dump=$!
    await 30 grep -q 'listening on' va.tcpdump
    steady "ib_write_bw -F -d rxe_b -x $b -D 25 -s 16384" "ib_write_bw -F -d rxe_a -x $a -D 25 -s 16384 $address_b"
    steady "ib_send_bw -F -d rxe_b -x $b -D 25 -s 16384" "ib_send_bw -F -d rxe_a -x $a -D 25 -s 16384 $address_b"
    steady "ib_read_bw -F -d rxe_b -x $b -D 25 -s 16384" "ib_read_bw -F -d rxe_a -x $a -D 25 -s 16384 $address_b"
    export LD_PRELOAD=/repo/$helpers/near-wrap.so
    steady "ib_write_bw -F -d rxe_b -x $b -D 20 -s 4096" "ib_write_bw -F -d rxe_a -x $a -D 20 -s 4096 $address_b"
    unset LD_PRELOAD
    steady "ibv_rc_pingpong -d rxe_b -g $b -n 300" "ibv_rc_pingpong -d rxe_a -g $a -n 300 $address_b" &
    exchange_port=18516 steady "ibv_rc_pingpong -p 18516 -d rxe_b -g $b -n 300" "ibv_rc_pingpong -p 18516 -d rxe_a -g $a -n 300 $address_b"
    wait $!
    at=cm steady "rping -s -a $address_b -C 1600" "rping -c -a $address_b -I $address_a -C 1600"

    tc qdisc add dev va root netem loss 2%
    tc qdisc add dev vb root netem loss 2%
    steady "ib_write_bw -F -d rxe_b -x $b -D 25 -s 16384" "ib_write_bw -F -d rxe_a -x $a -D 25 -s 16384 $address_b"
    tc -s qdisc show >qdiscs
    tc qdisc del dev va root
    tc qdisc del dev vb root
    at_rest
    kill -INT $dump
    wait $dump
    mv /tmp/va.pcap .
    unfollow

    follow unprivileged "${nobody[@]}"
    steady "ib_send_bw -F -d rxe_b -x $b -D 25 -s 16384" "ib_send_bw -F -d rxe_a -x $a -D 25 -s 16384 $address_b"
    unfollow
    flows_with_processes
}

# What Get-FlowStat says of the flows of a pair of programs, at both ends and in both directions.
flows_with_processes() {
    local watch
    rm -f /tmp/enough
    has_pwsh || return 0
    # shellcheck disable=SC2016 # PowerShell's
    module '
        $null = Start-XdpMonitor va, vb -Direction Both
        "ready"
        foreach ($once in 1) {
            Get-FlowStat va, vb -Detail -SampleInterval 1 -Continuous | ForEach-Object {
                "{0} {1} {2} {3} {4} {5}" -f $_.InterfaceAlias, $_.Direction, $_.DestinationQueuePair,
                    $_.ProcessId, $_.ProcessName, $_.UserName
                if (Test-Path /tmp/enough) { break }
            }
        }
        Stop-XdpMonitor va, vb' >owners &
    watch=$!
    await 240 grep -q ready owners
    # A flow that is there before makes samples appear.
    ping -c 1 "$address_b" >/dev/null || true
    await 240 grep -q '^v' owners
    into=owned steady "ib_write_bw -F -d rxe_b -x $b -D 20 -s 4096" "ib_write_bw -F -d rxe_a -x $a -D 20 -s 4096 $address_b"
    touch /tmp/enough
    wait $watch || true
}

# Samples queue pairs each second: into what file, as whom.
follow() {
    local file=$1
    shift
    "$@" xtrace-catch -m rdma --json --verbose -t 1000 >"$file" 2>"$file.err" &
    follower=$!
    await 60 shown 2 '"QueuePair":' "$file"
}

unfollow() {
    kill -TERM "$follower"
    wait "$follower"
}

# Runs a pair of programs, and keeps what 'rdma' says of their queue pairs once they are connected.
steady() {
    local before pair
    before=$(connected)
    pair "${at:-$exchange_port}" "$1" "$2" &
    pair=$!
    # One that ends too early leaves no line, and the comparison says so.
    while kill -0 $pair 2>/dev/null && ! more_connected "$before"; do
        sleep 0.2
    done
    sleep 1.5
    connections >>"${into:-resources}"
    wait $pair
}

# The receiver of RDMA WRITE and READ is ready to receive alone.
connections() {
    rdma resource show qp type RC | grep -E 'state RT[RS]' || true
}

connected() {
    connections | wc -l
}

more_connected() {
    (($(connected) > $1))
}

check() {
    local connections
    equal 'Commands that failed' "$(grep -c 'exit code' log)" expected 0
    equal 'Frames that tcpdump lost' "$(frames_lost)" expected 0
    tshark -r va.pcap -Y 'udp.dstport == 4791' -T fields -E separator=' ' \
        -e ip.src -e infiniband.bth.destqp -e infiniband.bth.opcode -e infiniband.bth.psn >packets 2>/dev/null
    connections=$(resources | sort -u)
    same_lines 'RC queue pairs, their peers, processes and names' \
        "$(shown_connections samples unprivileged | grep -xF "$connections" | sort -u)" \
        "rdma resource show qp" "$connections"
    same_lines 'Addresses, MTU and program' "$(addresses samples)" expected "$(expected_addresses)"
    compare_packets
    equal 'Without rights: addresses, MTUs' \
        "$(connected_rows unprivileged | jq -rs '[.[] | .RemoteAddress, .PathMtu | select(. != null)] | length')" expected 0
    equal 'Without rights: names of owners' "$(connected_rows unprivileged | jq -r .ProcessName | sort -u | xargs)" expected ib_send_bw
    equal 'Without rights, it is said why' "$(grep -c 'Addresses of peers' unprivileged.err)" expected 1
    grep -h 'Addresses of peers' samples.err | indent || true
    check_owners
}

# Of what arrives the destination is at this end, and of what leaves the source: the queue pair whose peer the destination is. Without
# the addresses of peers, the destination at the other end is named.
check_owners() {
    local -A other=([rxe_a]=b [rxe_b]=a)
    if [[ -z $pwsh ]]; then
        skip 'Get-FlowStat was not run: there is no pwsh on PATH.'
        return
    fi
    same_lines 'Get-FlowStat -Detail: direction, destination, process' \
        "$(awk '$5 == "ib_write_bw"' owners | sort -u)" 'rdma resource show qp' "$(
            resources owned | while read -r device pair peer process name; do
                echo "v${device#rxe_} Ingress $pair $process $name root"
                if paths_are_known; then
                    echo "v${device#rxe_} Egress $peer $process $name root"
                else
                    echo "v${other[$device]} Egress $pair $process $name root"
                fi
            done | sort -u)"
}

shown_connections() {
    cat "$@" | grep '"QueuePair":' |
        jq -r 'select(.RemoteQueuePair != null) | "\(.Device) \(.QueuePair) \(.RemoteQueuePair) \(.ProcessId) \(.ProcessName)"'
}

connected_rows() {
    grep -h '"QueuePair":' "$1" | jq -c 'select(.RemoteQueuePair != null)'
}

addresses() {
    connected_rows "$1" | jq -r '"\(.Device) \(.LocalAddress) \(.RemoteAddress) \(.PathMtu) \(.ProcessName)"' | sort -u
}

# Linux 5.10 has no BTF for modules: there the connection manager alone tells addresses of peers, and nobody the MTU.
paths_are_known() {
    [[ $release != 5.10.* ]]
}

# The MTU of the interfaces, 1,500, has room for packets of 1,024 bytes.
expected_addresses() {
    local tool a=192.0.2.1 b=192.0.2.2 mtu=1024
    paths_are_known || mtu=null
    for tool in ib_write_bw ib_send_bw ib_read_bw ibv_rc_pingpong rping; do
        if paths_are_known || [[ $tool == rping ]]; then
            printf '%s\n' "rxe_a $a $b $mtu $tool" "rxe_b $b $a $mtu $tool"
        else
            printf '%s\n' "rxe_a $a null null $tool" "rxe_b $b null null $tool"
        fi
    done | sort
}

# For each queue pair on a that sent, compares the packets that it counted between its first and its last sample with the distinct
# sequence numbers in the pcap.
compare_packets() {
    local number peer first last packets name found wrapped=0 lossy=0 reads=0
    while read -r name number peer first last packets; do
        found=$(distinct "$number" "$peer" "$first" "$last")
        equal "$name, queue pair $number: packets from number $first to $last" "$packets" 'distinct numbers in tshark' "$found"
        if ((last < first)); then wrapped=$((wrapped + 1)); fi
        if [[ $name == ib_read_bw ]]; then reads=$((reads + 1)); fi
    done < <(spans)
    lossy=$(awk '/^qdisc/ { end = $2 == "netem" } end && /Sent/ { sub(",", "", $7); lost += $7 } END { print lost + 0 }' qdiscs)
    equal 'Packets were lost' "$((lossy > 0))" expected 1
    equal 'A number wrapped' "$((wrapped > 0))" expected 1
    equal 'READ was among them' "$((reads > 0))" expected 1
}

# Name, queue pair, peer, and the numbers and packets between the first and the last sample whose number is the highest so far.
spans() {
    connected_rows samples | jq -rs '
        map(select(.Device == "rxe_a" and .SentPackets != null and .SendSequence != null))
        | group_by([.QueuePair, .ProcessId])[] | sort_by(.Sample)
        | .[0] as $first
        | (map(select((.SendSequence - $first.SendSequence + 16777216) % 16777216 == (.SentPackets - $first.SentPackets))) | last) as $last
        | select($last.SentPackets > $first.SentPackets)
        | "\($first.ProcessName) \($first.QueuePair) \($first.RemoteQueuePair) "
            + "\($first.SendSequence) \($last.SendSequence) \($last.SentPackets - $first.SentPackets)"'
}

# Distinct sequence numbers of requests to the peer, and of READ responses from it, from one number to before another.
distinct() {
    awk -v own=$(($1)) -v peer=$(($2)) -v first="$3" -v last="$4" '
        function number(text, value, i) {
            if (text !~ /^0x/) return text + 0
            value = 0
            for (i = 3; i <= length(text); i++) value = value * 16 + index("0123456789abcdef", substr(text, i, 1)) - 1
            return value
        }
        {
            request = $1 == "192.0.2.1" && number($2) == peer && !(number($3) >= 13 && number($3) <= 18)
            response = $1 == "192.0.2.2" && number($2) == own && number($3) >= 13 && number($3) <= 16
            at = (number($4) - first + 16777216) % 16777216
            if ((request || response) && at < (last - first + 16777216) % 16777216 && !seen[at]++) count++
        }
        END { print count + 0 }' packets
}
