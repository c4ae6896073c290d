# shellcheck shell=bash
# In the guest: xtrace-catch and tcpdump on both ends of the pair, over exactly the same traffic.

# Begins before any traffic: arguments of xtrace-catch. Leaves catch, catch.err, and counters.before in the current folder.
watch() {
    local end
    /repo/out/xtrace-catch -i va,vb -t 1000 "$@" >catch 2>catch.err &
    catch=$!
    dumps=()
    for end in va vb; do
        tcpdump -Z root -i $end -s 0 -B 65536 -w /tmp/$end.pcap 2>$end.tcpdump &
        dumps+=($!)
    done
    # The first sample is the sign that all is attached.
    await 60 grep -qx '# vb' catch
    await 30 grep -q 'listening on' va.tcpdump
    await 30 grep -q 'listening on' vb.tcpdump
    counters >counters.before
}

# Ends when nothing has moved for a while: what is read then is all of it. Leaves counters.after and the pcaps.
unwatch() {
    local now='' before=none end
    while [[ $now != "$before" ]]; do
        before=$now
        sleep 3
        now=$(counters)
    done
    echo "$now" >counters.after
    kill -INT "${dumps[@]}"
    kill -TERM "$catch"
    wait "${dumps[@]}" "$catch"
    for end in va vb; do
        mv /tmp/$end.pcap .
    done
}

# A line for each end: name, packets and bytes received, packets and bytes sent.
counters() {
    local end file
    for end in va vb; do
        echo -n "$end"
        for file in rx_packets rx_bytes tx_packets tx_bytes; do
            echo -n " $(cat /sys/class/net/$end/statistics/$file)"
        done
        echo
    done
}

# Waits for a command to succeed: seconds, command.
await() {
    local tries=$(($1 * 5))
    shift
    until "$@"; do
        if ((tries-- == 0)); then
            echo "Waited in vain for: $*"
            return 1
        fi
        sleep 0.2
    done
}
