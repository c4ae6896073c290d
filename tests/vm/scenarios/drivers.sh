# shellcheck shell=bash disable=SC2034,SC2154 # nics, cpus: cards.sh; release: packages.sh
# Drivers of real network cards: on each hook, with two MTUs, with and without the offload of VLAN tags, TCP both ways on all queues, in
# plain frames and in a VLAN. XTrace's packets and bytes against the card's own counters. Then a card that changes while it is watched.

# QEMU's names of the cards. Each is there twice, joined to the other. virtio-net-pci takes frames apart as a wire does: its driver counts
# what arrives merged as one packet.
nics=('virtio-net-pci,mq=on,vectors=6,guest_tso4=off,guest_tso6=off,guest_ecn=off,guest_ufo=off' e1000e vmxnet3)
cpus=2
drivers=(virtio_net e1000e vmxnet3)
# How many queues receive, and how many send. Linux gives e1000e one (alloc_etherdev in e1000e/netdev.c). vmxnet3 has as many as there are
# CPUs, of which QEMU fills the first (RXQ_IDX in hw/net/vmxnet3.c).
declare -A queues=([virtio_net]='2 2' [e1000e]='1 1' [vmxnet3]='1 2')

run() {
    local driver setup setups hook
    for driver in 8021q failover net_failover virtio_net e1000e vmxnet3; do
        modprobe $driver
    done
    sleep 1
    : >drivers
    for driver in "${drivers[@]}"; do
        make_cards "$driver"
        at d1 ethtool -i c0 >"$driver.driver"
        setups=('1500 on' '1500 off')
        # vmxnet3 of QEMU 7.2 passes nothing once its MTU was raised.
        [[ $driver == vmxnet3 ]] || setups+=('9000 on')
        for setup in "${setups[@]}"; do
            # shellcheck disable=SC2086 # MTU, offload
            set_up $setup
            for hook in auto native tc; do
                watch_card "$driver ${setup/ /-} $hook" "$hook" "$(directions $hook)" tcp_both_ways
            done
        done
        set_up 1500 on
        for hook in auto native tc; do
            watch_card "$driver changes $hook" "$hook" "$(directions $hook)" changes
        done
        unbind "$driver"
        ip netns del d1
        ip netns del d2
    done
}

# A watch of the card that keeps what the function that sends has left, and how many packets were in the VLAN, arriving and leaving: what
# to call it, hook, directions, the function.
watch_card() {
    local direction file
    watch_against_counters "$1" d1 c0 "$2" "$3" "$4" >>drivers
    for file in arrived answered busy channels; do
        [[ ! -e $file ]] || mv $file "${1// /.}.$file"
    done
    for direction in ingress egress; do
        flow_sum $direction c0 '^10[.]0[.]42[.]'
    done >"${1// /.}.tagged"
}

# XDP sees what arrives.
directions() {
    [[ $1 == tc ]] && echo both || echo ingress
}

# Two cards of a driver, each in a namespace: c0 in d1, which is watched, and c0 in d2. The last number of their addresses says which.
make_cards() {
    local own name
    for own in 1 2; do
        name=$(card_of "$1" $own)
        [[ $own == 2 ]] || device=$(readlink -f "/sys/class/net/$name/device")
        ip netns add d$own
        ip link set "$name" down
        ip link set "$name" netns d$own name c0
        at d$own sysctl -qw net.ipv6.conf.default.disable_ipv6=1 net.ipv6.conf.all.disable_ipv6=1
        ip -n d$own link set lo up
    done
}

card_of() {
    local folder
    for folder in /sys/class/net/*; do
        if [[ $(readlink "$folder/device/driver") == */$1 && $(cat "$folder/address") == *:0$2 ]]; then
            basename "$folder"
        fi
    done
}

# Gives both cards an MTU, the offload of VLAN tags or not, a VLAN, and addresses.
set_up() {
    local own other name
    for own in 1 2; do
        ip -n d$own link del c0.42 2>/dev/null || true
        ip -n d$own link set c0 down
        ip -n d$own link set c0 mtu "$1"
        # QEMU 7.2 cuts up what these two offload into IP fragments, not into TCP segments.
        [[ $driver == virtio_net ]] || at d$own ethtool -K c0 tso off
        at d$own ethtool -K c0 rxvlan "$2" txvlan "$2" || echo "ethtool: rxvlan, txvlan $2: exit status $?"
        ip -n d$own link set c0 up
        ip -n d$own link add link c0 name c0.42 type vlan id 42
        ip -n d$own link set c0.42 up
        ip -n d$own address replace 10.0.0.$own/24 dev c0
        ip -n d$own address replace 10.0.42.$own/24 dev c0.42
    done
    for own in 1 2; do
        other=$((3 - own))
        for name in c0 c0.42; do
            ip -n d$own neighbour replace "10.0.$([[ $name == c0 ]] && echo 0 || echo 42).$other" dev $name nud permanent \
                lladdr "$(ip -n d$other -br link show c0 | awk '{ print $3 }')"
        done
    done
    await 30 answers
}

answers() {
    at d1 ping -q -c 1 -W 1 10.0.0.2 >/dev/null
}

# Keeps what arrives at the other end meanwhile, and how many queues it took: nothing is lost between two cards.
tcp_both_ways() {
    local address way before
    before=$(own_counters d2 c0)
    queue_counts >queues.before
    for address in 10.0.0.2 10.0.42.2; do
        for way in '' -R; do
            streams $address $way
        done
    done
    busy_queues >busy
    echo "$before $(own_counters d2 c0)" | awk '{ print $5 - $1, $6 - $2 }' >arrived
}

# TCP to an address from both CPUs at once, each of which has its own queue; with -R the other way.
streams() {
    local cpu jobs=()
    for cpu in 0 1; do
        at d2 iperf3 -s -1 -B "$1" -p 520$cpu &
        jobs+=($!)
    done
    await 30 listening
    for cpu in 0 1; do
        at d1 taskset -c $cpu iperf3 -c "$1" -p 520$cpu -P 4 -n 1M "${@:2}" &
        jobs+=($!)
    done
    wait "${jobs[@]}" || echo "iperf3: exit code $?"
}

listening() {
    [[ $(at d2 ss -Hltn | grep -c ':520[01] ') == 2 ]]
}

# A line for each queue of the watched card: rx or tx, and a number that grows with what it carries. The driver virtio_net of 6.12 tells
# no packets of single queues, but has an interrupt for each that receives.
queue_counts() {
    case $driver in
        virtio_net) awk -v name="$(basename "$device")-input." 'index($NF, name) == 1 { print "rx", $2 + $3 }' /proc/interrupts ;;
        *) at d1 ethtool -S c0 | awk '/ucast pkts rx:|^ *rx_packets:/ { print "rx", $NF }' ;;
    esac
    at d1 tc -s qdisc show dev c0 | awk '/^qdisc/ { queue = $2 !~ /^(mq|clsact|ingress)$/ } queue && $1 == "Sent" { print "tx", $4 }'
}

# How many queues have received and how many have sent since queues.before.
busy_queues() {
    queue_counts | paste -d ' ' queues.before - | awk '$4 > $2 { busy[$1]++ } END { print busy["rx"] + 0, busy["tx"] + 0 }'
}

# The changes that an administrator makes to a card that is watched.
changes() {
    local before count
    before=$(own_counters d2 c0)
    few_pings
    ip -n d1 link set c0 mtu 1400
    few_pings
    ip -n d1 link set c0 down
    sleep 0.5
    ip -n d1 link set c0 up
    ip -n d1 neighbour replace 10.0.0.2 dev c0 nud permanent lladdr "$(ip -n d2 -br link show c0 | awk '{ print $3 }')"
    few_pings
    at d1 ethtool -G c0 rx 512 || true # virtio has no such thing
    few_pings
    at d1 ethtool -K c0 gro off
    few_pings
    for count in 1 2; do
        set_queues $count
    done
    echo "$before $(own_counters d2 c0)" | awk '{ print $7 - $3, $8 - $4 }' >answered
}

# Asks for so many queues, and keeps how many there are then, and how many of them receive and send. Only virtio_net can change them.
set_queues() {
    at d1 ethtool -L c0 combined "$1" || true
    queue_counts >queues.before
    few_pings
    echo "$(at d1 ethtool -l c0 | awk '/^Combined:/ { now = $2 } END { print now }') $(busy_queues)" >>channels
}

# From both CPUs at once. A card takes seconds to find its link again.
few_pings() {
    local cpu jobs=()
    await 60 answers
    for cpu in 0 1; do
        at d1 taskset -c $cpu ping -q -i 0.05 -c 10 -s 1000 10.0.0.2 &
        jobs+=($!)
    done
    wait "${jobs[@]}"
}

# The driver lets go of a card that is watched.
unbind() {
    local catch
    rm -f out
    nsenter --net=/run/netns/d1 xtrace-catch -i c0 -t 500 >out 2>"$1.unbound" &
    catch=$!
    await 60 loaded_or_ended $catch
    basename "$device" >"$(readlink -f "$device/driver")/unbind"
    await 60 has_ended $catch
    wait $catch || echo "exit code $?" >>"$1.unbound"
}

has_ended() {
    ! kill -0 "$1" 2>/dev/null
}

check() {
    local driver setup hook direction packets bytes own_packets own_bytes rest at
    while read -r driver setup hook direction packets bytes own_packets own_bytes rest; do
        at="$driver, $setup, $hook"
        case "$direction" in
            refused)
                equal "$at: refused, and said what to do" \
                    "$(has_no_native) $(grep -c "^$driver $setup $hook refused .*attach mode" drivers)" expected 'yes 1' ;;
            said) echo "$packets $bytes $own_packets $own_bytes $rest" | indent ;;
            Ingress)
                if [[ $setup == changes ]]; then
                    check_changes
                    # vmxnet3 counts anew after each reset.
                    [[ $driver != vmxnet3 ]] || continue
                else
                    equal "$at: queues that received and that sent" "$(cat "$driver.$setup.$hook.busy")" expected "${queues[$driver]}"
                fi
                equal "$at, arrived: packets, bytes" "$packets $(as_counted 1)" "the card's counters" "$own_packets $own_bytes" ;;
            Egress)
                [[ $setup != changes ]] || continue
                equal "$at, left: packets, bytes" "$packets $(as_counted 2)" "the other card's counters" \
                    "$(cat "$driver.$setup.$hook.arrived")" ;;
        esac
    done < <(cat drivers)
    for driver in "${drivers[@]}"; do
        equal "$driver lets go of the card: said, exit code" \
            "$(grep -c 'is no longer watched' "$driver.unbound") $(sed -n 's/^exit code //p' "$driver.unbound")" expected '1 1'
    done
}

# After changes: the other card's counters, and the number of queues.
check_changes() {
    local file=$driver.$setup.$hook expected='1 1 1 2 2 2'
    if [[ $driver == vmxnet3 && $hook == native ]]; then
        # The driver forgets the XDP program when it resets the card (vmxnet3_rq_cleanup_all).
        equal "$at: a warning, and fewer packets than arrived" \
            "$(grep -c 'counts nothing after' "$file") $((packets < $(cut -d ' ' -f 1 "$file.answered")))" expected '1 1'
        return
    fi
    equal "$at, arrived: packets, bytes" "$packets $bytes" "the other card's counters" "$(cat "$file.answered")"
    if [[ $driver == virtio_net ]]; then
        # The driver refuses while it has an XDP program (virtnet_set_channels), which Auto takes.
        [[ $hook == tc ]] || expected='2 2 2 2 2 2'
        equal "$at, 1 queue asked for, then 2: queues, and those that received and sent" "$(xargs <"$file.channels")" expected "$expected"
    fi
}

# Whether it is known that a driver has no native XDP: e1000e never, virtio_net with frames of several pages before 6.3, vmxnet3 before
# 6.6.
has_no_native() {
    if [[ $hook == native ]] &&
        [[ $driver == e1000e || ($version != 6.12 && ($driver == vmxnet3 || $setup == 9000-*)) ]]; then
        echo yes
    else
        echo no
    fi
}

# XTrace's bytes as the card counts them: 1 for those that arrived, 2 for those that left. e1000e includes the checksum of each frame. A
# tag that a card has taken off is in no card's bytes, and TC alone knows of it. virtio_net has no such offload.
as_counted() {
    local file=$driver.$setup.$hook
    if [[ $driver == e1000e ]]; then
        bytes=$((bytes + 4 * packets))
    fi
    if [[ $driver != virtio_net && $setup != *-off ]] && grep -q '^TC program loaded' "$file"; then
        bytes=$((bytes - 4 * $(awk -v line="$1" 'NR == line { print $1 }' "$file.tagged")))
    fi
    echo "$bytes"
}
