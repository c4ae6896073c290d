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

#define XTRACE_ABI_VERSION 1

/* Low nibble of flow_key.kind: what the addresses are. */
#define FLOW_ETHERNET		0x01	/* MAC address in the first 6 bytes */
#define FLOW_IPV4		0x02	/* v4-mapped IPv6, RFC 4291 2.5.5.2 */
#define FLOW_IPV6		0x03	/* IPv6, or the GIDs of a RoCE v1 GRH */

/* High nibble of flow_key.kind: what stands where the ports are. */
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
 * The writer, on a new flow: packets = 0; barrier; key, bytes, times; barrier;
 * packets = 1. On a known flow: bytes and last_seen, then packets.
 * The reader: reads packets, copies the rest, reads packets and key again, and
 * starts over if either has changed. What it holds then is one flow's, never a
 * mixture of two. While frames arrive, bytes may already include the one frame
 * that packets does not; once they stop, both are exact.
 */
struct flow {
	struct flow_key key;
	__u64 packets;
	__u64 bytes;			/* L2 bytes, without FCS */
	__u32 first_seen;		/* low half of jiffies_64 */
	__u32 last_seen;
};

/*
 * A key lives in one set of each CPU's partition and nowhere else. All CPUs use
 * the same hash, so that set n of every partition holds the same flows.
 */
#define FLOW_WAYS 8

struct flow_set {
	struct flow way[FLOW_WAYS];
};

/*
 * One line a CPU, of what only that CPU writes. At rest, over all CPUs and in packets as in bytes:
 * sum of flows + evicted + filtered + malformed == total.
 */
struct flow_totals {
	__u64 packets;
	__u64 bytes;
	__u64 evicted_packets;
	__u64 evicted_bytes;
	__u64 filtered_packets;
	__u64 filtered_bytes;
	__u64 malformed_packets;
	__u64 malformed_bytes;
};

struct cpu_state {
	struct flow_totals totals;
	struct flow_key key;		/* from here on the program's own, for one frame */
	__u64 hash;
	__u32 forget;
	__u32 unused[3];
};

#define FLOW_HASH_SEEDS 10

/* The programs' read-only data, set before they are loaded. */
struct program_config {
	__u64 hash_seed[FLOW_HASH_SEEDS];	/* random for each monitor, see hash.h */
	__u32 sets_per_cpu;		/* a power of two */
	__u32 has_frags;		/* loaded as a program that takes frames of several buffers */
};

#define MONITOR_NATIVE	1
#define MONITOR_GENERIC	2

/* What a process needs to know of a monitor that another one started. */
struct monitor_meta {
	__u32 abi_version;
	__u32 hook;			/* MONITOR_* */
	__u32 ifindex;
	__u32 cpus;			/* partitions in the table */
	__u32 sets_per_cpu;
	__u32 tick_ns;			/* length of a jiffy */
	__u64 started_ns;		/* CLOCK_BOOTTIME */
};

/* What the clock program writes over the start of the packet that it is run on. */
struct clock_reading {
	__u64 jiffies;
	__u64 boot_ns;			/* CLOCK_BOOTTIME */
	__u64 monotonic_ns;		/* CLOCK_MONOTONIC */
};

#endif
