# shellcheck shell=bash disable=SC2034,SC2154 # what it sets is for others; hardware: machine.sh
# The network cards and the processors that scenarios ask for.

# Sets cards: what 'nics' of these scenarios name, each card twice and joined, with addresses that end in the number of its pair and 1 or 2.
# Adds to hardware as many processors as the one with the largest 'cpus' asks for.
need_cards() {
    local nic end peer pairs=0 cpus
    cards=() apart=()
    while read -r nic; do
        for end in 1 2; do
            # A hub has one queue. A tap has as many as one asks for.
            peer=hubport,hubid=$pairs
            if [[ $nic == *,mq=on* ]]; then
                peer=tap,ifname=n$pairs$end,queues=2,script=tests/vm/join-tap,downscript=no
                apart=(unshare --net)
            fi
            cards+=(-netdev "$peer,id=n$pairs$end" -device "$nic,romfile=,netdev=n$pairs$end,mac=52:54:00:00:0$pairs:0$end")
        done
        pairs=$((pairs + 1))
    done < <(asked nics "$@")
    if [[ ${#apart[@]} != 0 && $EUID != 0 ]]; then
        echo "Cards with several queues need taps in a network namespace: run it as root." >&2
        return 1
    fi
    cpus=$(asked cpus "$@" | tail -n 1)
    [[ -z $cpus ]] || hardware+=(-smp "$cpus")
}

# The values of an array in scenarios, each once, sorted: its name, the scenarios.
asked() {
    local array=$1 name
    for name in "${@:2}"; do
        (
            # shellcheck source=/dev/null
            . "tests/vm/scenarios/$name.sh"
            local -n values=$array
            printf '%s\n' "${values[@]}"
        )
    done | sort -u | grep . || true
}
