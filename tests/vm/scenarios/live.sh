# shellcheck shell=bash disable=SC2154 # release: packages.sh
# The live view in a terminal, while programs use RDMA: the ports' rates, the queue pairs and one of them in detail, as
# 'rdma resource show qp' says; then the flows of the same traffic. The terminal afterwards is as it was.

live_columns=160

run() {
    in_terminal bash --norc -i
    type_in 'PS1=ready; stty -g; echo' Enter
    see ready
    screen >before
    type_in 'clear; xtrace-catch --live -m rdma -t 1000' Enter
    see 'rxe_b/1 .*Active'
    begin_traffic
    see 'rxe_a/1 .*Active.* [0-9.]+[kMG] '
    screen >ports
    type_in Tab
    see ib_send_bw
    rdma resource show qp type RC >resources
    see "$address_a qp .*RTS.*[0-9.]+k? .*ib_send_bw"
    screen >queue-pairs
    type_in / rxe_a Enter
    await 60 unseen rxe_b
    type_in Enter
    see RemoteQueuePair
    screen >one
    type_in Escape q
    see '^ready'
    type_in 'clear; xtrace-catch --live -i va -t 1000' Enter
    see "$address_a.*RoCE.*ib_send_bw"
    screen >flows
    end_traffic
    type_in q
    see '^ready'
    type_in 'clear; stty -g; echo' Enter
    see '^ready'
    screen >after
    tmux -L live kill-server
}

# RDMA in both ends' programs for as long as the screens take, which on a busy host is minutes.
begin_traffic() {
    traffic=()
    timeout 600 ib_send_bw -F -d rxe_b -x "$(gid rxe_b)" -D 600 -s 16384 &
    traffic+=($!)
    await 60 listening "$exchange_port"
    timeout 600 ib_send_bw -F -d rxe_a -x "$(gid rxe_a)" -D 600 -s 16384 "$address_b" &
    traffic+=($!)
}

end_traffic() {
    kill "${traffic[@]}"
    wait "${traffic[@]}" || true # they were ended
}

in_terminal() {
    TERM=xterm-256color tmux -u -L live -f /dev/null new-session -d -x $live_columns -y 40 "$*"
}

type_in() {
    tmux -L live send-keys -- "$@"
}

screen() {
    tmux -L live capture-pane -p
}

# Waits until a line matches; the log has what there was instead.
see() {
    await 60 seen "$1" || {
        screen
        return 1
    }
}

seen() {
    screen | grep -E -- "$1" >/dev/null
}

unseen() {
    ! seen "$1"
}

check() {
    local device pair peer process name
    while read -r device pair peer process name; do
        equal "$device, queue pair $pair: peer, process" \
            "$(sed -nE "s|^$device/1 .* qp (0x[0-9a-f]+) .* qp (0x[0-9a-f]+) +RC +RT[RS] .* $name +([0-9]+) *$|\1 \2 \3|p" queue-pairs)" \
            'rdma resource show qp' "$(printf '0x%x 0x%x %d' "$pair" "$peer" "$process")"
    done < <(resources)
    equal 'Ports with a rate' "$(grep -cE '^rxe_[ab]/1 +v[ab] +Active .* [0-9.]+[kMG] ' ports)" expected 2
    equal 'Details of one' "$(sed -nE 's/.*RemoteQueuePair +([0-9]+).*/\1/p' one)" 'rdma resource show qp' \
        "$(resources | awk '$1 == "rxe_a" { print $3 }')"
    equal 'Flows with a process' "$(grep -c 'RoCE.* ib_send_bw' flows)" expected 2
    equal 'The terminal afterwards, as stty says' "$(grep '^[0-9a-f]*:' after)" before "$(grep '^[0-9a-f]*:' before)"
}
