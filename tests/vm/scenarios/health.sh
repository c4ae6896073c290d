# shellcheck shell=bash disable=SC2034,SC2154 # as and nobody: guest.sh
# Test-RdmaHealth on soft-RoCE: Ok on a healthy fabric, and the right cause for a link that is down, for packets that get lost, and for
# a queue pair in error, against what 'rdma' says. Then what Get-RdmaCounter reads through ethtool, against the tool.

# A line for each object: what is being tried, device/port, check, status, evidence.
# shellcheck disable=SC2016 # PowerShell's
line='{ "{0} {1}/{2} {3} {4} {5}" -f $name, $_.Device, $_.Port, $_.Check, $_.Status, $_.Evidence }'

prepare() {
    make_queue_pairs
}

run() {
    local failed
    has_pwsh || return 0
    # An ordinary user sees it all.
    as=("${nobody[@]}")
    # With a timeout of 4 s: a guest whose only processor PowerShell has cannot always acknowledge within 67 ms, the default.
    traffic rdma_bandwidth 'ib_send_bw -u 20'
    module "\$name = 'healthy'; Test-RdmaHealth -SampleInterval 2 -MaxSamples 10 | ForEach-Object $line
        \"quiet \$(Test-RdmaHealth -SampleInterval 1 -Quiet)\"" >findings
    end_traffic
    traffic rdma_pingpong
    tc qdisc add dev va root netem loss 2%
    tc qdisc add dev vb root netem loss 2%
    # In some intervals only one end has to send again, so it is watched until both had to.
    module "\$name = 'loss'; \$lost = @{}
        for (\$i = 0; \$i -lt 12 -and \$lost.Count -lt 2; \$i++) {
            \$found = @(Test-RdmaHealth -SampleInterval 10)
            \$found | ForEach-Object $line
            \$found | Where-Object Check -ne All | ForEach-Object { \$lost[\$_.Device] = 1 }
        }
        \$quiet = \$true
        for (\$i = 0; \$i -lt 12 -and \$quiet; \$i++) { \$quiet = Test-RdmaHealth -SampleInterval 10 -Quiet }
        \"quiet \$quiet\"" >>findings
    tc qdisc del dev va root
    tc qdisc del dev vb root
    end_traffic

    mkfifo /tmp/keep
    queue-pairs rxe_a "$(gid rxe_a)" "$address_b" 1 0 error </tmp/keep >pairs &
    failed=$!
    exec 3>/tmp/keep
    await 60 grep -q ready pairs
    rdma resource show qp >queue-pairs
    module "\$name = 'pair'; Test-RdmaHealth -Check QueuePairs -SampleInterval 1 | ForEach-Object $line" >>findings
    exec 3>&-
    wait $failed || true

    # The peer goes, and comes back while it is watched. 'ip link' is root's.
    as=()
    ip link set vb down
    # shellcheck disable=SC2016 # PowerShell's
    module "\$name = 'down'; Test-RdmaHealth -SampleInterval 2 -MaxSamples 2 | ForEach-Object {
        $(echo "$line" | sed 's/^{//; s/}$//')
        if (-not \$up) { \$up = \$true; \$name = 'up'; ip link set vb up } }
        Get-RdmaCounter -Source Ethtool, Carrier | ForEach-Object {
            'counter {0} {1} {2}' -f \$_.InterfaceAlias, \$_.Name, \$_.Value }" >>findings
    statistics >ethtool
    connect_fabric
}

# A line for each statistic of both ends: the interface, the name, the value. Those of queues are added up.
statistics() {
    local end name
    for end in va vb; do
        ethtool -S $end | sed -n "s/^ *\(.*\): \([0-9]*\)$/counter $end \1 \2/p"
        for name in carrier_changes carrier_up_count carrier_down_count; do
            echo "counter $end $name $(cat /sys/class/net/$end/$name)"
        done
    done | sed 's/_queue_[0-9]*_/_queue_*_/' |
        awk '{ sum[$1 " " $2 " " $3] += $4 } END { for (name in sum) print name, sum[name] }' | sort
}

# Has a command's messages go to and fro, again and again, until /tmp/enough is there.
traffic() {
    rm -f /tmp/enough
    while [[ ! -e /tmp/enough ]]; do
        limit=60 "$@"
        # There is one processor, and PowerShell wants it as well.
        sleep 1
    done >/dev/null 2>&1 &
    traffic=$!
    sent=
    await 60 writes_sent
}

end_traffic() {
    touch /tmp/enough
    wait "$traffic" || true
}

# Whether messages were sent since the last question, and not only what sets up a connection; never at the first, when 'sent' is empty.
writes_sent() {
    local before=$sent
    sent=$(cat /sys/class/infiniband/rxe_a/ports/1/hw_counters/sent_pkts)
    [[ -n $before && $sent -gt $((before + 50)) ]]
}

check() {
    local number
    if [[ -z $pwsh ]]; then
        skip 'The cmdlets were not run: there is no pwsh on PATH.'
        return
    fi
    equal 'Objects on a healthy fabric, two ports ten times' "$(grep -c '^healthy rxe_[ab]/1 All Ok ' findings)" expected 20
    same_lines 'Status on a healthy fabric' "$(awk '$1 == "healthy" { print $3, $4 }' findings | sort -u)" expected 'All Ok'
    equal 'With -Quiet, healthy and then with loss' "$(grep '^quiet ' findings | xargs)" expected 'quiet True quiet False'
    same_lines 'Checks under loss' "$(awk '$1 == "loss" && $3 != "All" { print $2, $3, $4 }' findings | sort -u)" expected \
        $'rxe_a/1 Retransmission Critical\nrxe_b/1 Retransmission Critical'
    grep '^loss ' findings | indent || true
    number=$(sed -n 's/.*link rxe_a\/1 .*lqpn \([0-9]*\) .*state ERR .*/\1/p' queue-pairs)
    same_lines 'Queue pair in error' "$(awk '$1 == "pair" && $2 == "rxe_a/1" { print $3, $4, $5, $6, $7, $8 }' findings)" 'rdma resource' \
        "QueuePairs Warning $number RC Error (queue-pairs)"
    same_lines 'Ports while the peer is down' \
        "$(awk '$1 == "down" || $1 == "up" { print $2, $3, $4, $5, $6 }' findings | sed -n 1,2p | cut -d ' ' -f 1-5)" \
        expected $'rxe_a/1 PortState Critical Down, Polling\nrxe_b/1 PortState Critical Down, Disabled'
    equal 'Carrier changes that were seen when it came back' "$(grep -c '^up rxe_[ab]/1 CarrierChanges Critical ' findings)" expected 2
    same_lines 'Statistics of the interfaces' "$(grep '^counter ' findings | sort)" ethtool "$(<ethtool)"
}
