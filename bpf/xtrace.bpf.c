// SPDX-License-Identifier: GPL-2.0
/* The programs. They watch: every path lets the frame pass, and on to whoever else watches. */
#include <linux/bpf.h>
#include <linux/if_packet.h>
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

/*
 * Apart from count(), and before parsing where it can be: then what fails to parse goes straight to its end, and
 * what does not carries nothing along for it.
 */
static __always_inline void count_total(struct flow_totals *totals, struct frames frames)
{
	totals->packets += frames.packets;
	totals->bytes += frames.bytes;
}

static __always_inline void count(struct cpu_state *state, struct packet *packet,
				  enum parse_result result, struct frames frames, __u32 cpu)
{
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

/* Frames that are not plain, see parse.h. A function of its own, as the plain ones would pay for its paths. */
static __noinline int count_rest(struct xdp_md *ctx, __u32 cpu)
{
	void *data = (void *)(long)ctx->data;
	void *data_end = (void *)(long)ctx->data_end;
	struct cpu_state *state = bpf_map_lookup_elem(&cpus, &cpu);
	struct cursor cur = { .pos = data, .end = data_end };
	struct packet packet = {};
	struct frames frames = { 1, config.has_frags ? bpf_xdp_get_buff_len(ctx) : data_end - data };
	enum parse_result result;

	if (!state)		/* never, as below */
		return 0;
	cur.left = frames.bytes;
	cur.memory = &state->forget;
	packet.key = &state->key;
	result = parse_frame(&cur, &packet, config.link, 0);
	if (config.link == LINK_GENERIC && !has_network(result, &packet) && is_looped_back(&cur, data, frames.bytes))
		return 0;	/* own multicast, which never was on the wire */
	count_total(&state->totals, frames);
	count(state, &packet, result, frames, cpu);
	return 0;
}

SEC("xdp")
int xtrace_xdp(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *data_end = (void *)(long)ctx->data_end;
	__u32 cpu = bpf_get_smp_processor_id();
	struct cpu_state *state = bpf_map_lookup_elem(&cpus, &cpu);
	struct cursor cur = { .pos = data, .end = data_end };
	struct packet packet = {};
	struct frames frames = { 1, 0 };

	if (!state)		/* never: there is one for every possible CPU */
		return XDP_PASS;
	packet.key = &state->key;
	if (parse_plain(&cur, &packet, config.link)) {
		frames.bytes = config.has_frags ? bpf_xdp_get_buff_len(ctx) : data_end - data;
		count_total(&state->totals, frames);
		count(state, &packet, PARSED, frames, cpu);
	} else {
		count_rest(ctx, cpu);
	}
	return XDP_PASS;
}

#define VLAN_TAG_LEN	4	/* VLAN_HLEN in linux/if_vlan.h */
#define HEADERS_MAX	512	/* as much as is made linear where headers are not */

/* The stack takes the outer tag off before it comes here, if the NIC has not. */
static __always_inline void set_skb_vlan(const struct __sk_buff *skb, struct packet *packet)
{
	if (skb->vlan_present)
		set_vlan(packet, skb->vlan_tci);
}

/* Whether headers lie behind the linear part, and can be fetched into it. */
static __always_inline _Bool can_pull(const struct __sk_buff *skb, const struct cursor *cur)
{
	__u32 linear = skb->data_end - skb->data;

	return cur->cut && linear < skb->len && linear < HEADERS_MAX;
}

/*
 * Own multicast and broadcast, which the kernel loops back without a link's header: dev_loopback_xmit() in net/core/dev.c.
 * It never was on the wire. A VRF marks what it delivers locally likewise, but as frames, which its counters have. So
 * the network header is what counts: it is the first thing in the buffer if the last byte is as far from it.
 */
static __always_inline _Bool is_skb_looped_back(const struct __sk_buff *skb)
{
	__u64 linear = (long)skb->data_end - (long)skb->data;
	__u8 last;

	barrier_var(linear);	/* the verifier knows no arithmetic with pointers but this */
	return skb->pkt_type == PACKET_LOOPBACK && skb->ingress_ifindex == skb->ifindex &&
	       !bpf_skb_load_bytes_relative(skb, linear - 1, &last, sizeof(last), BPF_HDR_START_NET);
}

static __always_inline __u32 tag_length(const struct __sk_buff *skb)
{
	return skb->vlan_present ? VLAN_TAG_LEN : 0;
}

/* What the buffer begins with and the wire does not. */
static __always_inline __u32 pseudo_length(void)
{
	return config.link == LINK_IPOIB ? IPOIB_PSEUDO_LEN : 0;
}

#define PSEUDO_MASK	0x1f	/* no more than pseudo_length() says */
#define HEADERS_CUT	0x80000000	/* with a length: some of them are to be fetched first */

/*
 * How long the headers are that each frame of a super-packet repeats. A function of its own, and called before anything
 * else is done, while the verifier has but one state to follow its loops with.
 */
static __noinline int segment_headers(struct __sk_buff *skb, __u32 cpu)
{
	struct cpu_state *state = bpf_map_lookup_elem(&cpus, &cpu);
	struct cursor cur = { .end = (void *)(long)skb->data_end };
	__be16 ethertype = LAYER_ETHERNET;
	__u32 pseudo, headers;

	if (!state)		/* never, as below */
		return 0;
	cur.memory = &state->forget;
	if (config.link == LINK_IP)
		ethertype = skb->protocol;
	else if (config.link == LINK_IPOIB)
		ethertype = LAYER_IPOIB;
	pseudo = forget(&cur, pseudo_length()) & PSEUDO_MASK;
	headers = headers_length(&cur, (void *)(long)skb->data + pseudo, ethertype, skb->len - pseudo);
	return cur.cut ? headers | HEADERS_CUT : headers;
}

/*
 * For buffers of several frames, and those that could not be parsed at once. A function of its own, as a single
 * frame would pay for these paths if they joined its own. Not a global one, which the verifier would follow once for
 * both calls, but only on a kernel with type information of its own. Returns 1, and has counted nothing, where headers
 * are to be fetched first.
 */
static __noinline int count_slowly(struct __sk_buff *skb, __u32 cpu, __u32 headers, __u32 is_pulled)
{
	struct cpu_state *state = bpf_map_lookup_elem(&cpus, &cpu);
	__u32 tag = tag_length(skb), pseudo = pseudo_length();
	__u32 length = skb->len - pseudo;
	struct frames frames = { 1, length + tag };
	struct packet packet = {};
	struct cursor cur = { .pos = (void *)(long)skb->data, .end = (void *)(long)skb->data_end, .left = skb->len };
	enum parse_result result;

	if (!state || is_skb_looped_back(skb))	/* the former never, as below */
		return 0;
	cur.memory = &state->forget;
	packet.key = &state->key;
	cur.cut = !!(headers & HEADERS_CUT);
	set_skb_vlan(skb, &packet);
	result = parse_frame(&cur, &packet, config.link, skb->protocol);
	headers &= ~HEADERS_CUT;
	if (skb->gso_size)
		frames = count_segments(result == PARSED ? headers : 0, forget(&cur, packet.jumbo), length, tag,
					skb->gso_segs, skb->gso_size);
	if (!is_pulled && can_pull(skb, &cur))
		return 1;
	count_total(&state->totals, frames);
	count(state, &packet, result, frames, cpu);
	return 0;
}

static __always_inline __u32 skb_headers(struct __sk_buff *skb, __u32 cpu, struct cpu_state *state)
{
	__u32 headers = skb->gso_size ? segment_headers(skb, cpu) : 0;
	struct cursor cur = { .memory = &state->forget };

	return forget(&cur, headers);
}

SEC("tc")
int xtrace_tc(struct __sk_buff *skb)
{
	__u32 cpu = bpf_get_smp_processor_id();
	struct cpu_state *state = bpf_map_lookup_elem(&cpus, &cpu);
	struct frames frames = { 1, 0 };
	struct packet packet = {};
	struct cursor cur = { .pos = (void *)(long)skb->data, .end = (void *)(long)skb->data_end };

	if (!state)		/* never: there is one for every possible CPU */
		return TC_ACT_UNSPEC;
	packet.key = &state->key;
	if (skb->gso_size || skb->pkt_type == PACKET_LOOPBACK || !parse_plain(&cur, &packet, config.link)) {
		if (count_slowly(skb, cpu, skb_headers(skb, cpu, state), 0)) {
			/* Changes nothing of the frame; if it fails, what is there counts. */
			bpf_skb_pull_data(skb, skb->len < HEADERS_MAX ? skb->len : HEADERS_MAX);
			count_slowly(skb, cpu, skb_headers(skb, cpu, state), 1);
		}
	} else {
		set_skb_vlan(skb, &packet);
		frames.bytes = skb->len + tag_length(skb);
		count_total(&state->totals, frames);
		count(state, &packet, PARSED, frames, cpu);
	}
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
