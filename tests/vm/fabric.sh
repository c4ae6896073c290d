# shellcheck shell=bash
# In the guest: a veth pair with a soft-RoCE device on either end, and RDMA traffic between them.

address_a=192.0.2.1
address_b=192.0.2.2
# Where perftest and the examples of libibverbs tell each other of their queue pairs, over TCP.
exchange_port=18515

# Both ends are in one namespace, because soft-RoCE of these kernels lives in the first one only. The table of local
# addresses is therefore for what arrives, so that what is sent goes through the pair; neighbours are fixed, so that none answers.
make_fabric() {
    local module
    for module in veth rdma_rxe ib_uverbs rdma_ucm; do
        modprobe "$module"
    done
    sysctl -qw net.ipv6.conf.default.disable_ipv6=1 net.ipv4.conf.all.accept_local=1
    ip link set lo up
    ip link add va type veth peer name vb
    ip address add $address_a/32 dev va
    ip address add $address_b/32 dev vb
    ip link set va up
    ip link set vb up
    connect_fabric
    ip rule add pref 1 iif va lookup local
    ip rule add pref 1 iif vb lookup local
    ip rule add pref 1 to 127.0.0.0/8 lookup local
    ip rule del pref 0
    rdma link add rxe_a type rxe netdev va
    rdma link add rxe_b type rxe netdev vb
}

# The ways through the pair, which an interface that goes down loses.
connect_fabric() {
    ip route replace $address_b dev va src $address_a
    ip route replace $address_a dev vb src $address_b
    ip neighbour replace $address_b lladdr "$(cat /sys/class/net/vb/address)" dev va nud permanent
    ip neighbour replace $address_a lladdr "$(cat /sys/class/net/va/address)" dev vb nud permanent
}

# The index of the device's GID that is its IPv4 address.
gid() {
    basename "$(grep -l ':ffff:c000:02' "/sys/class/infiniband/$1/ports/1/gids/"[0-3])"
}

# Runs a server on b and its client on a: where the server listens, the server's command, the client's. Each has 'limit' seconds, or 120.
pair() {
    local server=$2 client=$3 listener
    echo "# $client"
    # shellcheck disable=SC2086 # commands
    timeout "${limit:-120}" $server &
    listener=$!
    await 60 listening "$1"
    # shellcheck disable=SC2086
    timeout "${limit:-120}" $client || echo "# client: exit code $?"
    wait $listener || echo "# server: exit code $?"
}

# Whether a server listens: on a TCP port, or 'cm' for the connection manager.
listening() {
    if [[ $1 == cm ]]; then
        rdma resource show cm_id | grep LISTEN >/dev/null
    else
        ss -Hltn "sport = :$1" | grep . >/dev/null
    fi
}

rdma_pingpong() {
    pair $exchange_port "ibv_rc_pingpong -d rxe_b -g $(gid rxe_b) -n 200" "ibv_rc_pingpong -d rxe_a -g $(gid rxe_a) -n 200 $address_b"
}

# Sends, writes and reads over RC, sends over UD, connections with and without the connection manager.
rdma_traffic() {
    local a b tool
    a=$(gid rxe_a)
    b=$(gid rxe_b)
    rdma_pingpong
    pair $exchange_port "ibv_ud_pingpong -d rxe_b -g $b -n 50 -s 1024" "ibv_ud_pingpong -d rxe_a -g $a -n 50 -s 1024 $address_b"
    for tool in ib_send_bw ib_write_bw ib_read_bw; do
        rdma_bandwidth $tool
    done
    rdma_ping 20
}

# One of perftest's.
rdma_bandwidth() {
    pair $exchange_port "$1 -F -d rxe_b -x $(gid rxe_b) -n 100 -s 16384" "$1 -F -d rxe_a -x $(gid rxe_a) -n 100 -s 16384 $address_b"
}

rdma_ping() {
    pair cm "rping -s -a $address_b -C $1" "rping -c -a $address_b -I $address_a -C $1"
}
