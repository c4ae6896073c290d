# shellcheck shell=bash disable=SC2154,SC2016,SC2034 # version: run.sh; what the lines of kinds name is expanded in make_kind
# Every kind of stacked or virtual interface that the kernel has and that needs no other program: what XTrace counts on it,
# on TC both ways and on generic XDP, against the interface's own counters.

# macsec has to be told what it sends with and from whom it receives.
macsec='link add k0 link u0 type macsec encrypt off'
macsec+=';macsec add k0 tx sa 0 pn 1 on key 00 0123456789abcdef0123456789abcdef'
macsec+=';macsec add k0 rx port 1 address 02:00:00:00:00:0$other'
macsec+=';macsec add k0 rx port 1 address 02:00:00:00:00:0$other sa 0 pn 1 on key 00 0123456789abcdef0123456789abcdef'

# What makes one end of a kind: "kind" is made as k0, in a namespace whose veth is u0; $own and $other end in 1 and 2, or 2 and 1.
kinds=(
    'dummy|link add k0 type dummy'
    'veth|link set ku down;link set ku name k0'
    'bridge|link add k0 type bridge;link set ku up master k0'
    'bond|link add k0 type bond mode active-backup;link set ku down;link set ku master k0;link set ku up'
    'bond-rr|link add k0 type bond mode balance-rr;link set ku down;link set ku master k0;link set ku up'
    'vrf|link add k0 type vrf table 10;link set ku up master k0;address add 10.9.9.$own/24 dev ku'
    'vlan|link add k0 link u0 type vlan id 7'
    'vlan-ad|link add k0 link u0 type vlan proto 802.1ad id 7'
    'macvlan|link add k0 link u0 type macvlan mode bridge'
    'ipvlan|link add k0 link u0 type ipvlan mode l2'
    'ipvlan-l3|link add k0 link u0 type ipvlan mode l3'
    "macsec|$macsec"
    'vxlan|link add k0 type vxlan id 7 local 10.0.0.$own remote 10.0.0.$other dstport 4789'
    'geneve|link add k0 type geneve id 7 remote 10.0.0.$other'
    'gre|link add k0 type gre local 10.0.0.$own remote 10.0.0.$other'
    'gretap|link add k0 type gretap local 10.0.0.$own remote 10.0.0.$other'
    'erspan|link add k0 type erspan local 10.0.0.$own remote 10.0.0.$other seq key 7 erspan_ver 1 erspan 7'
    'ipip|link add k0 type ipip local 10.0.0.$own remote 10.0.0.$other'
    'sit|link add k0 type sit mode any local 10.0.0.$own remote 10.0.0.$other'
    'ip6gre|link add k0 type ip6gre local fd00::$own remote fd00::$other'
    'ip6gretap|link add k0 type ip6gretap local fd00::$own remote fd00::$other'
    'ip6tnl|link add k0 type ip6tnl mode any local fd00::$own remote fd00::$other'
    'hsr|link add k0 type hsr slave1 u0 slave2 ku version 1'
)

make_ends() {
    local own space
    ip netns add k1
    ip netns add k2
    ip link add u0 netns k1 type veth peer name u0 netns k2
    ip link add ku netns k1 type veth peer name ku netns k2
    for own in 1 2; do
        space=k$own
        at $space sysctl -qw net.ipv6.conf.default.disable_ipv6=1 net.ipv6.conf.lo.disable_ipv6=1 net.ipv6.conf.ku.disable_ipv6=1 \
            net.ipv6.conf.u0.accept_dad=0 net.ipv6.conf.u0.router_solicitations=0
        at $space ethtool -K u0 tx off tso off gso off gro off >/dev/null
        at $space ethtool -K ku tx off tso off gso off gro off >/dev/null
        ip -n $space link set lo up
        ip -n $space link set u0 address 02:00:00:00:00:0$own up
        ip -n $space link set ku up
        ip -n $space address add 10.0.0.$own/24 dev u0
        ip -n $space address add fd00::$own/64 dev u0 nodad
    done
}

# Both ends of a kind; false where this kernel has it not.
make_kind() {
    local own other command
    for own in 1 2; do
        other=$((3 - own))
        eval "command=\"$1\""
        # shellcheck disable=SC2154
        tr ';' '\n' <<<"$command" | ip -n k$own -batch - || return 1
        if [[ $command != *'type vrf'* ]]; then
            ip -n k$own address add 10.9.9.$own/24 dev k0 || return 1
        fi
        ip -n k$own link set k0 up || return 1
    done
    # Nobody asks for a neighbour between the look at the interface's counters and the start of the watch.
    for own in 1 2; do
        other=$((3 - own))
        ip -n k$own neighbour replace 10.9.9.$other dev k0 nud permanent \
            lladdr "$(ip -n k$other -br link show k0 | awk '{ print $3 }')" 2>/dev/null || true # some kinds have no such address
    done
    sleep 2
}

# A watch on one hook while pings of two sizes go through.
watch_kind() {
    local ping=(ping -q -i 0.05 -W 1)
    [[ $1 != vrf ]] || ping+=(-I k0)
    watch_against_counters "$1 $2" k1 k0 "$2" "$3" ping_twice
}

ping_twice() {
    at k1 "${ping[@]}" -c 5 -s 10 10.9.9.2 || true
    at k1 "${ping[@]}" -c 3 -s 1200 10.9.9.2 || true
}

run() {
    local entry kind
    : >kinds
    for entry in "${kinds[@]}"; do
        kind=${entry%%|*}
        modprobe -q "${kind%%-*}" || true
        make_ends
        if make_kind "${entry#*|}"; then
            watch_kind "$kind" tc both >>kinds
            watch_kind "$kind" generic ingress >>kinds
        else
            echo "$kind missing" >>kinds
        fi
        ip netns del k1
        ip netns del k2
        sleep 0.5
    done
}

check() {
    local kind hook direction packets bytes own_packets own_bytes rest
    while read -r kind hook direction packets bytes own_packets own_bytes rest; do
        [[ $hook != missing ]] || continue
        case "$kind $direction" in
            *' refused')
                equal "$kind, $hook: refused" \
                    "$(grep -c "^$kind $hook refused .*begin with headers that XTrace does not read" kinds)" expected 1 ;;
            *' said') ;;
            vrf*)
                equal "vrf, $hook: said to show nothing" "$packets $(grep -c "^vrf $hook said .*is a VRF" kinds)" expected '0 1' ;;
            'hsr Egress')
                # Supervision frames are counted on the interface, and go to the interfaces below it without passing here.
                equal "hsr, $hook, $direction: at most its own" "$((packets > 0 && packets <= own_packets))" expected 1 ;;
            *)
                equal "$kind, $hook, $direction: packets" "$packets" "its own counter" "$own_packets"
                # Many kinds leave out the Ethernet header when they count.
                equal "$kind, $hook, $direction: bytes" "$((bytes == own_bytes || bytes == own_bytes + 14 * own_packets))" expected 1 ;;
        esac
    done < <(cat kinds)
    equal 'Kinds tried' "$(($(grep -c . kinds) >= 30))" expected 1
    [[ ! $(grep -c ' missing$' kinds) -gt 0 ]] || skip "Kinds that this kernel has not: $(sed -n 's/ missing$//p' kinds | xargs)"
}
