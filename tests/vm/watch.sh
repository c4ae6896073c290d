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

# Runs a command in a network namespace.
at() {
    local space=$1
    shift
    nsenter --net="/run/netns/$space" "$@"
}

# A watch of one interface while a function sends: what to call it, the namespace, the interface, hook, directions, the function. It
# prints a line for each direction, with XTrace's packets and bytes and then the interface's, and what XTrace said.
watch_against_counters() {
    local name=$1 space=$2 interface=$3 hook=$4 direction=$5 send=$6 catch before after
    # The watch before may have left its own.
    rm -f out err
    # Not through a function, whose process would get the signal alone.
    nsenter --net="/run/netns/$space" xtrace-catch -i "$interface" -t 500 --all --attach-mode "$hook" --direction "$direction" >out 2>err &
    catch=$!
    await 60 loaded_or_ended $catch
    if ! kill -0 $catch 2>/dev/null; then
        echo "$name refused $(head -n 1 err)"
        return
    fi
    before=$(own_counters "$space" "$interface")
    $send >traffic 2>&1
    # The kernel asks for neighbours again when it likes: nothing may pass between the counters and the last sample.
    until after=$(own_counters "$space" "$interface") && await_more 3 sample= out &&
        [[ $(own_counters "$space" "$interface") == "$after" ]]; do
        sleep 1
    done
    kill -TERM $catch
    wait $catch || true
    cat out err >"${name// /.}"
    # shellcheck disable=SC2086 # four numbers each
    set -- $before $after
    echo "$name Ingress $(flow_sum ingress "$interface") $(($5 - $1)) $(($6 - $2))"
    [[ $direction == ingress ]] || echo "$name Egress $(flow_sum egress "$interface") $(($7 - $3)) $(($8 - $4))"
    grep -v ' loaded on \|^Preparing' err | sed "s/^/$name said /" || true
}

loaded_or_ended() {
    grep -q ' loaded on ' out || ! kill -0 "$1" 2>/dev/null
}

# The counters of an interface of a namespace: received and sent packets and bytes.
own_counters() {
    at "$1" sed -n "s/^ *$2://p" /proc/net/dev | awk '{ print $2, $1, $10, $9 }'
}

# Packets and bytes since the start, of the last sample that was written whole: the direction, the interface, a pattern of the flows
# that are wanted, or none for all. With one direction, flows have no heading.
flow_sum() {
    awk -v wanted="$1" -v heading="# $2 " -v pattern="${3:-.}" '
        /sample=/ { sample++; way = wanted; next }
        index($0, heading) == 1 { way = $3; next }
        / packets=/ && way == wanted && $0 ~ pattern {
            sub(".* packets=", ""); sub("bytes=", ""); packets[sample] += $1; bytes[sample] += $2
        }
        END { for (sample in packets) if (packets[sample] > most) { most = packets[sample]; sum = bytes[sample] }
            print most + 0, sum + 0 }' out
}
