/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Details that a monitor keeps of a flow beside its counts, if it is asked to: TCP flags, DSCP, CE marks, sizes of frames.
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
#include "point.h"

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

/* Where this CPU keeps what it sees of the frame at hand; null without details. */
static __always_inline struct flow_details *seen_here(void)
{
	__u32 cpu = HAS_DETAILS ? bpf_get_smp_processor_id() : 0;
	struct cpu_state *state = HAS_DETAILS ? bpf_map_lookup_elem(&cpus, &cpu) : NULL;

	return state ? &state->seen : NULL;
}

#ifdef XTRACE_DETAILS
#define SEEN(packet)	((packet)->seen)
#define LOOK(packet)	((packet)->seen = seen_here())	/* null never */
#else
#define SEEN(packet)	NULL
#define LOOK(packet)	1
#endif

static __always_inline void see_ipv4(struct flow_details *seen, const struct iphdr *ip)
{
	if (HAS_DETAILS)
		seen->traffic_class = ip->tos;
}

static __always_inline void see_ipv6(struct flow_details *seen, const struct ipv6hdr *ip)
{
	if (HAS_DETAILS)	/* behind the version's four bits */
		seen->traffic_class = bpf_ntohs(*(const __be16 *)ip) >> 4;
}

static __always_inline void see_tcp(struct flow_details *seen, const struct tcphdr *tcp)
{
	if (HAS_DETAILS)
		seen->tcp_flags = ((const __u8 *)tcp)[TCP_FLAGS];
}

/*
 * The sizes of a super-packet's segments. All repeat the headers, and all but the last have the same payload. The sizes are
 * unknown if the headers are, or if the numbers do not fit together: hardware that merges may report an average.
 */
static __always_inline void see_segments(struct flow_details *seen, __u32 packets, __u32 bytes, __u32 headers, __u32 payload)
{
	__u32 full = headers + payload, others = (packets - 1) * full;
	_Bool is_known = headers && bytes > others + headers && bytes - others <= full;

	if (!HAS_DETAILS)
		return;
	seen->smallest_frame = is_known ? bytes - others : 0;
	seen->largest_frame = is_known ? full : 0;
}

/* The sizes of several frames come from see_segments(). */
static __always_inline void see_frames(struct flow_details *seen, __u32 packets, __u32 bytes)
{
	if (!HAS_DETAILS)
		return;
	seen->ce_packets = (seen->traffic_class & ECN_MASK) == ECN_CE ? packets : 0;
	if (packets == 1)
		seen->smallest_frame = seen->largest_frame = bytes;
}

/* Adds the details of a frame to those of its flow. */
static __always_inline void details_add(struct flow_details *to, const struct flow_details *seen)
{
	if (!to || !seen)	/* never: there is one for each slot, and for each CPU */
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
