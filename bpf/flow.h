/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The ABI: what the programs write and user space maps into its memory.
 * XTrace.Core/Flows/FlowAbi.cs mirrors it; the test AbiTests compiles this
 * header and compares every size and offset. Change one, change both, and
 * count XTRACE_ABI_VERSION up.
 */
#ifndef XTRACE_FLOW_H
#define XTRACE_FLOW_H

#include <linux/types.h>

#define XTRACE_ABI_VERSION 3

/* Low nibble of flow_key.kind: what the addresses are. */
#define FLOW_ADDRESS_KIND	0x0f
#define FLOW_ETHERNET		0x01	/* MAC address in the first 6 bytes */
#define FLOW_IPV4		0x02	/* v4-mapped IPv6, RFC 4291 2.5.5.2 */
#define FLOW_IPV6		0x03	/* IPv6, or the GIDs of a RoCE v1 GRH */

/* High nibble of flow_key.kind: what stands where the ports are. */
#define FLOW_PORTS_KIND		0xf0
#define FLOW_NO_PORTS		0x00	/* nothing: the protocol has no ports */
#define FLOW_PORTS		0x10	/* source and destination port */
#define FLOW_ICMP		0x20	/* type and code */
#define FLOW_FRAGMENT		0x30	/* nothing: a later fragment */
#define FLOW_ROCE_V1		0x40	/* destination queue pair and BTH opcode */
#define FLOW_ROCE_V2		0x50	/* the same, over UDP */
#define FLOW_ETHERTYPE		0x60	/* ethertype */

/* Bits of flow_key.vlan; a frame without a tag has 0. */
#define FLOW_VLAN_ID		0x0fff	/* of the outer tag */
#define FLOW_VLAN_PRESENT	0x1000

/*
 * 40 bytes, compared and hashed as five words: no byte of it is padding. Addresses
 * and ports stand as they do in the frame. ports holds two big-endian ports, ICMP
 * type and code in its first two bytes, a queue pair (24 bits, big-endian) and an
 * opcode, or a big-endian ethertype in its first two bytes.
 */
struct flow_key {
	__u64 source[2];
	__u64 destination[2];
	__u32 ports;
	__u8 protocol;			/* IPPROTO_*, after extension headers */
	__u8 kind;			/* never 0 in a slot in use */
	__u16 vlan;
};

/*
 * A slot: one cache line, written by its CPU alone. packets == 0 means that the
 * slot is free or being rewritten, and that nothing else in it holds.
 *
 * The writer, on a new flow: packets = 0; barrier; key, point, bytes, times; barrier;
 * packets; barrier; the bucket's entry. Before a slot is used again its entry is
 * cleared. On a known flow: bytes and last_seen, then packets.
 * The reader: reads the entry, then packets; copies the rest; reads packets, key and
 * entry again, and starts over if one has changed. What it holds then is one flow's,
 * never a mixture of two. While frames arrive, bytes may already include the one frame,
 * or merged frames, that packets does not. On arm64, which orders the stores of a known flow
 * as it likes, it may be the other way round. Once they stop, both are exact.
 */
struct flow {
	struct flow_key key;
	__u32 point;			/* observation_point.id: part of the key */
	__u32 last_seen;		/* low half of jiffies_64 */
	__u64 packets;
	__u64 bytes;			/* L2 bytes on the wire, without FCS */
};

/*
 * Further facts of a flow, at the slot's place in a map of their own. Every monitor keeps the first
 * DETAILS_BASE_SIZE bytes, and sets only first_seen. A monitor with FEATURE_DETAILS keeps all: see details.h.
 * A field has no meaning if the key says that the frames lack its header, IP or TCP.
 */
#define DETAILS_BASE_SIZE	8

struct flow_details {
	__u32 first_seen;		/* low half of jiffies_64 */
	__u8 tcp_flags;			/* of all frames: byte 13 of their TCP headers */
	__u8 traffic_class;		/* of the last frame: DSCP in the upper 6 bits, ECN in the lower 2 */
	__u16 unused;
	__u64 ce_packets;		/* marked as having met congestion: ECN CE, RFC 3168 */
	__u32 smallest_frame;		/* L2 bytes as in flow.bytes; 0: not known */
	__u32 largest_frame;
};

/*
 * A key's entry lies in one bucket of each CPU's partition and nowhere else. All CPUs use
 * the same hash, so that bucket n of every partition is for the same flows. An entry holds
 * the slot's number plus one, and above it bits of the hash; 0 is free. Slots are given
 * out in order, so that the flows there are lie close together, however large the table.
 */
#define FLOW_WAYS		16
#define FLOW_ENTRY_SLOT		0x00ffffff
#define FLOW_ENTRY_TAG		0xff000000

struct flow_bucket {
	__u32 entry[FLOW_WAYS];
};

/* A CPU has twice as many entries as slots: then hardly any bucket is ever full. */
#define FLOW_SLOTS_PER_BUCKET	(FLOW_WAYS / 2)

/*
 * An observation point (RFC 7011): one interface in one direction. Its place in the map
 * is found from the interface's index, see point.h. User space writes it before the program
 * is attached, and clears it when it was detached; id is never given twice by a monitor, so
 * that flows of a point that is gone are told from those of its successor. suspended_ms
 * changes whenever the driver gets the program again.
 */
struct observation_point {
	__u32 key;			/* POINT_KEY(); 0: free */
	__u32 id;			/* POINT_PLACES_MAX * generation + place */
	__u32 totals;			/* index of its totals: one for each CPU, side by side */
	__u32 hook;			/* MONITOR_NATIVE to MONITOR_CLSACT */
	__u64 started_ns;		/* CLOCK_BOOTTIME */
	char name[16];			/* of the interface, when it was attached */
	__u64 queue_drops;		/* of its queueing discipline, when it was attached */
	__u32 flags;			/* POINT_* */
	__u32 suspended_ms;		/* length of all suspends before the driver got the program, modulo 2^32 */
	__u32 unused[2];
};

#define POINT_KEY(ifindex, is_egress)	((__u32)(ifindex) << 1 | (is_egress))
#define POINT_PROMISCUOUS	0x1	/* the interface was made promiscuous for it */
#define POINT_PLACES_MAX	0x10000
#define POINT_PROBES		8	/* places that a key may have, one behind the other */

/*
 * A point's counts on one CPU, which alone writes them. At rest, over all CPUs and in packets as in bytes:
 * sum of flows + evicted + reported + filtered + malformed == total.
 * Behind the points' totals are those of frames of an interface that is no point.
 */
struct flow_totals {
	__u64 packets;
	__u64 bytes;
	__u64 filtered_packets;
	__u64 filtered_bytes;
	__u64 malformed_packets;
	__u64 malformed_bytes;
	__u64 evicted_packets;		/* of flows that made room */
	__u64 evicted_bytes;
	__u64 reported_packets;		/* of flows that made room and went into the ring buffer */
	__u64 reported_bytes;
	struct flow_key key;		/* of the frame at hand */
	/* From user space, so that nothing but the totals is read once they are found. */
	__u32 point;			/* observation_point.id */
	__u32 link;			/* LINK_* */
};

/*
 * An entry of the ring buffer: a flow that made room for another, with its final counts and the details that the
 * monitor keeps.
 */
struct flow_end {
	struct flow flow;
	struct flow_details details;
};

/* A CPU's partition of the table. */
struct cpu_state {
	__u32 used;			/* slots that were given out */
	__u32 hand;			/* slots up to here were last looked at for the oldest */
	__u32 forget;			/* see forget() in cursor.h */
	__u32 padding;
	struct flow_details seen;	/* of the frame at hand, where details are kept */
	__u32 unused[22];		/* no CPU writes where another does */
};

/* Orders of user space to a running monitor. */
struct monitor_control {
	__u32 read_until;		/* somebody reads the ring buffer until then: low half of jiffies_64 */
	__u32 is_read;
};

/* Traffic types: XTrace.Core/Flows/TrafficType.cs. */
#define TRAFFIC_ETHERNET	0
#define TRAFFIC_IP		1
#define TRAFFIC_ICMP		2
#define TRAFFIC_ICMPV6		3
#define TRAFFIC_TCP		4
#define TRAFFIC_UDP		5
#define TRAFFIC_SCTP		6
#define TRAFFIC_ROCE_V1		7
#define TRAFFIC_ROCE_V2		8

#define FILTER_NETWORKS_MAX	8
#define FILTER_PORTS_MAX	16

struct filter_network {
	__u64 address[2];		/* as in a key; bits that the mask lacks are 0 */
	__u64 mask[2];
	__u64 kind;			/* FLOW_IPV4 or FLOW_IPV6 */
};

/* Which flows a monitor keeps, see filter.h. All zero: every one. */
struct flow_filter {
	__u64 protocols[4];		/* bit n: IP protocol n; none: every one */
	struct filter_network network[FILTER_NETWORKS_MAX];
	__be16 port[FILTER_PORTS_MAX];
	__u32 traffic_types;		/* bit n: TRAFFIC_* n; none: every one */
	__u8 networks;			/* how many are set; none: every one */
	__u8 ports;
	__u8 exclude_dns;
	__u8 is_set;			/* 0: nothing above is */
};

#define FLOW_HASH_SEEDS 11

/* The first header of a frame. */
#define LINK_ETHERNET	0
#define LINK_IP		1		/* nothing: an IP header is the first */
#define LINK_IPOIB	2		/* IP over InfiniBand's headers */
#define LINK_GENERIC	3		/* Ethernet by generic XDP, where own multicast comes back without it */

/* The programs' read-only data, set before they are loaded. */
struct program_config {
	__u64 hash_seed[FLOW_HASH_SEEDS];	/* random for each monitor, see hash.h */
	__u32 buckets;			/* of a CPU: a power of two */
	__u32 points;			/* places for observation points: a power of two */
	__u32 strays;			/* index of the first totals of frames that belong to no point */
	/* The process that the monitor ends with, or 0 if it is pinned. For hooks without a link, see ClsactHook.cs. */
	__u32 owner;
	__u64 owner_started;		/* field 22 of /proc/PID/stat */
	__u64 owner_namespace;		/* inode of its PID namespace */
	struct flow_filter filter;
};

#define MONITOR_NATIVE	1
#define MONITOR_GENERIC	2
#define MONITOR_TCX	3
#define MONITOR_CLSACT	4

/* Bits of monitor_meta.features. */
#define FEATURE_DETAILS	0x1	/* struct flow_details is kept whole */

/* Facts that a process needs of a monitor that another one started. */
struct monitor_meta {
	__u32 abi_version;
	__u32 cpus;			/* partitions in the table */
	__u32 buckets;			/* in each partition */
	__u32 points;
	__u32 max_flow;			/* as it was asked for */
	__u32 tick_ns;			/* length of a jiffy */
	__u32 end_bytes;		/* size of the ring buffer */
	__u32 features;			/* FEATURE_* */
	__u64 started_ns;		/* CLOCK_BOOTTIME */
	struct flow_filter filter;
};

/* The clock program writes this over the start of the packet that it runs on. */
struct clock_reading {
	__u64 jiffies;
	__u64 boot_ns;			/* CLOCK_BOOTTIME */
	__u64 monotonic_ns;		/* CLOCK_MONOTONIC */
};

#endif
