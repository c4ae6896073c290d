# shellcheck shell=bash
# What it costs to list 1,000 connected queue pairs, against 'rdma resource show qp', and whether all of them are shown.

prepare() {
    make_queue_pairs
    dotnet build tests/bench -c Release -v quiet -clp:ErrorsOnly --nologo
}

run() {
    local pairs started
    started=$(seconds)
    mkfifo /tmp/keep
    # shellcheck disable=SC2154 # address_b: fabric.sh
    queue-pairs rxe_a "$(gid rxe_a)" "$address_b" 1000 </tmp/keep >pairs &
    pairs=$!
    exec 3>/tmp/keep
    await 300 grep -q ready pairs
    echo "Making them took $(($(seconds) - started)) s"
    rdma resource show qp >resources
    dotnet /repo/tests/bench/bin/Release/net10.0/XTrace.Bench.dll --part queuepairs --rounds 7 >bench
    xtrace-catch -m rdma -d rxe_a --once --json -t 1000 >shown
    exec 3>&-
    wait $pairs || true
}

check() {
    same_lines 'Queue pairs of the program' \
        "$(jq -r 'select(.QueuePair != null) | "\(.QueuePair) \(.ProcessName) \(.State) \(.RemoteQueuePair)"' shown |
            grep queue-pairs | sort -n | summary)" 'rdma resource show qp' \
        "$(sed -nE 's|.* lqpn ([0-9]+) .*rqpn ([0-9]+) .* state (\w+) .* comm (\S+) *$|\1 \4 \3 \2|p' resources |
            grep queue-pairs | sort -n | summary)"
    indent <bench
    equal 'At most 100 ms above the tool' "$(grep -c 'All targets met' bench)" expected 1
}

# How many, the first and the last.
summary() {
    awk 'NR == 1 { first = $0 } { last = $0 } END { print NR ": " first " to " last }'
}
