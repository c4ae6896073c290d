// SPDX-License-Identifier: GPL-2.0
/* The programs. They watch: every path lets the frame pass, and on to whoever else watches. */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>

#include "filter.h"
#include "flow.h"
#include "parse.h"
#include "segments.h"
#include "table.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct monitor_meta);
} meta SEC(".maps");

static __always_inline void count(struct cpu_state *state, struct packet *packet,
				  enum parse_result result, struct frames frames, __u32 cpu)
{
	state->totals.packets += frames.packets;
	state->totals.bytes += frames.bytes;
	if (result == MALFORMED) {
		state->totals.malformed_packets += frames.packets;
		state->totals.malformed_bytes += frames.bytes;
		return;
	}
	set_rest(packet);
	state->hash = packet->hash;
	/*
	 * What the parser found lies in memory now, where the verifier forgets which path
	 * it came by: it follows the table's code once, not once for every path.
	 */
	barrier();
	if (!filter_keeps(&state->key)) {
		state->totals.filtered_packets += frames.packets;
		state->totals.filtered_bytes += frames.bytes;
		return;
	}
	flow_count(state, frames, cpu);
}

SEC("xdp")
int xtrace_xdp(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *data_end = (void *)(long)ctx->data_end;
	__u32 bytes = config.has_frags ? bpf_xdp_get_buff_len(ctx) : data_end - data;
	__u32 cpu = bpf_get_smp_processor_id();
	struct cpu_state *state = bpf_map_lookup_elem(&cpus, &cpu);
	struct cursor cur = { .pos = data, .end = data_end, .left = bytes };
	struct packet packet = {};
	struct frames frames = { 1, bytes };
	enum parse_result result;

	if (!state)		/* never: there is one for every possible CPU */
		return XDP_PASS;
	cur.memory = &state->forget;
	packet.key = &state->key;
	result = parse_ethernet(&cur, &packet);
	count(state, &packet, result, frames, cpu);
	return XDP_PASS;
}

#define VLAN_TAG_LEN	4	/* VLAN_HLEN in linux/if_vlan.h */
#define HEADERS_MAX	512	/* as much as is made linear where headers are not */

static __always_inline enum parse_result parse_skb(struct __sk_buff *skb, struct cursor *cur,
						   struct packet *packet)
{
	cur->pos = (void *)(long)skb->data;
	cur->end = (void *)(long)skb->data_end;
	cur->left = skb->len;
	cur->cut = 0;
	packet->hash = 0;
	packet->ports = 0;
	packet->protocol = 0;
	packet->vlan = 0;
	/* The stack takes the outer tag off before it comes here, if the NIC has not. */
	if (skb->vlan_present)
		set_vlan(packet, skb->vlan_tci);
	switch (config.link) {
	case LINK_IP:
		return parse_bare(cur, packet, skb->protocol);
	case LINK_IPOIB:
		return parse_ipoib(cur, packet);
	default:
		return parse_ethernet(cur, packet);
	}
}

/*
 * Headers that lie behind the linear part are fetched into it, which changes nothing of the frame. True where
 * the frame is to be parsed again: pointers into it hold no longer, even if it failed.
 */
static __always_inline _Bool pull_headers(struct __sk_buff *skb, const struct cursor *cur)
{
	__u32 linear = skb->data_end - skb->data, length = skb->len;

	if (!cur->cut || linear >= length || linear >= HEADERS_MAX)
		return 0;
	bpf_skb_pull_data(skb, length < HEADERS_MAX ? length : HEADERS_MAX);
	return 1;
}

SEC("tc")
int xtrace_tc(struct __sk_buff *skb)
{
	__u32 cpu = bpf_get_smp_processor_id();
	struct cpu_state *state = bpf_map_lookup_elem(&cpus, &cpu);
	__u32 tag = skb->vlan_present ? VLAN_TAG_LEN : 0;
	__u32 pseudo = config.link == LINK_IPOIB ? IPOIB_PSEUDO_LEN : 0;
	struct frames frames = { 1, skb->len + tag - pseudo };
	struct packet packet = {};
	struct cursor cur = {};
	enum parse_result result;

	if (!state)		/* never: there is one for every possible CPU */
		return TC_ACT_UNSPEC;
	cur.memory = &state->forget;
	packet.key = &state->key;
	result = parse_skb(skb, &cur, &packet);
	if (pull_headers(skb, &cur))
		result = parse_skb(skb, &cur, &packet);
	if (skb->gso_size)
		frames = count_segments(&cur, (void *)(long)skb->data + pseudo,
					result == PARSED ? packet.protocol : 0,
					skb->len - pseudo, tag, skb->gso_segs, skb->gso_size);
	count(state, &packet, result, frames, cpu);
	return TC_ACT_UNSPEC;
}

/* Run by user space through BPF_PROG_TEST_RUN: ties jiffies to the clocks. */
SEC("xdp")
int xtrace_clock(struct xdp_md *ctx)
{
	void *data_end = (void *)(long)ctx->data_end;
	struct clock_reading *reading = (void *)(long)ctx->data;

	if ((void *)(reading + 1) > data_end)
		return XDP_ABORTED;
	reading->jiffies = bpf_jiffies64();
	reading->boot_ns = bpf_ktime_get_boot_ns();
	reading->monotonic_ns = bpf_ktime_get_ns();
	return XDP_PASS;
}

char _license[] SEC("license") = "GPL";
