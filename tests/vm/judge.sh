# shellcheck shell=bash
# On the host: compares what a scenario left, prints the figures, and counts.

passed=0 failed=0 skipped=0

pass() {
    passed=$((passed + 1))
    echo "  ok      $*"
}

fail() {
    failed=$((failed + 1))
    echo "  FAILED  $*"
}

skip() {
    skipped=$((skipped + 1))
    echo "  skipped $*"
}

# Another runner's figures: passed, failed, skipped, of what.
tally() {
    passed=$((passed + $1)) failed=$((failed + $2)) skipped=$((skipped + $3))
    echo "  $([[ $2 == 0 ]] && echo 'ok     ' || echo 'FAILED ') $4: $1 passed, $2 failed, $3 skipped"
}

# What is compared, XTrace's figure, the other's name and figure.
equal() {
    if [[ $2 == "$4" && -n $2 ]]; then
        pass "$1: $2, as $3"
    else
        fail "$1: ${2:-none}, but $3 ${4:-none}"
    fi
}

indent() {
    sed 's/^/          /'
}

# What is compared, XTrace's lines, the other's name and lines. Empty is never right.
same_lines() {
    if [[ $2 == "$4" && -n $2 ]]; then
        pass "$1: $(wc -l <<<"$2") as $3"
        echo "$2" | indent
    else
        fail "$1: < XTrace, > $3"
        diff <(echo "$2") <(echo "$4") | indent || true # they differ
    fi
}

# The queue pairs of 'rdma resource show qp', as a scenario kept them: device, queue pair, peer, pid, name.
resources() {
    sed -E 's|^link ([^/]+)/.* lqpn ([0-9]+) .*rqpn ([0-9]+) .* pid ([0-9]+) comm (.*)$|\1 \2 \3 \4 \5|; s/ +$//' "${1:-resources}"
}
