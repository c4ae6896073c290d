/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a monitor keeps of a flow beside its counts, if it is asked to: TCP flags, DSCP, CE marks, sizes of frames.
 * Asking means to load xtrace_details.bpf.c, which is compiled with XTRACE_DETAILS. Without it nothing here makes an
 * instruction.
 *
 * The parser puts what it sees into its CPU's memory, next to the key. So nothing is carried along in registers, and
 * the verifier follows no more paths for it.
 */
#ifndef XTRACE_DETAILS_H
#define XTRACE_DETAILS_H

#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "flow.h"

#ifdef XTRACE_DETAILS
#define HAS_DETAILS	1
#define DETAILS_SIZE	sizeof(struct flow_details)
#else
#define HAS_DETAILS	0
#define DETAILS_SIZE	DETAILS_BASE_SIZE
#endif

#define TCP_FLAGS	13	/* offset of the byte with all eight, RFC 9293 3.1 */
#define ECN_MASK	0x03	/* INET_ECN_MASK in net/inet_ecn.h */
#define ECN_CE		0x03	/* INET_ECN_CE */

/* The key at hand is the first thing in its CPU's memory. */
static __always_inline struct flow_details *seen_with(struct flow_key *key)
{
	return &((struct cpu_state *)key)->seen;
}

static __always_inline void see_ipv4(struct flow_key *key, const struct iphdr *ip)
{
	if (HAS_DETAILS)
		seen_with(key)->traffic_class = ip->tos;
}

static __always_inline void see_ipv6(struct flow_key *key, const struct ipv6hdr *ip)
{
	if (HAS_DETAILS)	/* behind the version's four bits */
		seen_with(key)->traffic_class = bpf_ntohs(*(const __be16 *)ip) >> 4;
}

static __always_inline void see_tcp(struct flow_key *key, const struct tcphdr *tcp)
{
	if (HAS_DETAILS)
		seen_with(key)->tcp_flags = ((const __u8 *)tcp)[TCP_FLAGS];
}

/*
 * How long a super-packet's segments are, which all repeat the headers. All but the last have as much payload. It is not
 * known where the headers are not, or where the numbers do not fit together: hardware that merges may tell an average.
 */
static __always_inline void see_segments(struct cpu_state *state, __u32 packets, __u32 bytes, __u32 headers, __u32 payload)
{
	__u32 full = headers + payload, others = (packets - 1) * full;
	_Bool is_known = headers && bytes > others + headers && bytes - others <= full;

	if (!HAS_DETAILS)
		return;
	state->seen.smallest_frame = is_known ? bytes - others : 0;
	state->seen.largest_frame = is_known ? full : 0;
}

/* Of several frames see_segments() has told the sizes. */
static __always_inline void see_frames(struct cpu_state *state, __u32 packets, __u32 bytes)
{
	if (!HAS_DETAILS)
		return;
	state->seen.ce_packets = (state->seen.traffic_class & ECN_MASK) == ECN_CE ? packets : 0;
	if (packets == 1)
		state->seen.smallest_frame = state->seen.largest_frame = bytes;
}

/* Adds a frame's to its flow's. */
static __always_inline void details_add(struct flow_details *to, const struct flow_details *seen)
{
	if (!to)		/* never: there is one for each slot */
		return;
	to->tcp_flags |= seen->tcp_flags;
	to->traffic_class = seen->traffic_class;
	to->ce_packets += seen->ce_packets;
	if (seen->smallest_frame - 1 < to->smallest_frame - 1)	/* 0 is the largest then */
		to->smallest_frame = seen->smallest_frame;
	if (seen->largest_frame > to->largest_frame)
		to->largest_frame = seen->largest_frame;
}

#endif
