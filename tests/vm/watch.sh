# shellcheck shell=bash
# In the guest: monitors and tcpdump on both ends of the pair, over exactly the same traffic. All leave what they have to
# tell in the current folder.

# Begins, before any traffic: arguments of xtrace-catch.
watch() {
    xtrace-catch -i va,vb -t 1000 --all "$@" >catch 2>catch.err &
    catch=$!
    # The first sample is the sign that both are attached.
    await 60 grep -q '^# vb' catch
    capture
}

# Ends, after the last traffic and two samples of it, of one direction or both.
unwatch() {
    end_capture
    await_more 4 '^# vb' catch
    kill -TERM "$catch"
    wait "$catch"
}

capture() {
    local end
    dumps=()
    for end in va vb; do
        tcpdump -Z root -i $end -s 0 -B 65536 -w /tmp/$end.pcap 2>$end.tcpdump &
        dumps+=($!)
        await 30 grep -q 'listening on' $end.tcpdump
    done
    counters >counters.before
}

end_capture() {
    local end
    at_rest
    counters >counters.after
    kill -INT "${dumps[@]}"
    wait "${dumps[@]}"
    for end in va vb; do
        mv /tmp/$end.pcap .
    done
}

# Waits until nothing has passed for longer than tcpdump waits for more before it takes what there is.
at_rest() {
    local now before=none
    now=$(counters)
    while [[ $now != "$before" ]]; do
        before=$now
        sleep 3
        now=$(counters)
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

# Waits for so many more lines that match: how many, pattern, file.
await_more() {
    await 120 shown $(($(grep -c -- "$2" "$3") + $1)) "$2" "$3"
}

# Whether so many lines match.
shown() {
    [[ -e $3 && $(grep -c -- "$2" "$3") -ge $1 ]]
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
