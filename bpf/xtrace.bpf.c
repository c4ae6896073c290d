// SPDX-License-Identifier: GPL-2.0
/* The programs. They watch: every path lets the frame pass, and on to whoever else watches. */
#include <linux/bpf.h>
#include <linux/if_packet.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>

#include "details.h"
#include "filter.h"
#include "flow.h"
#include "parse.h"
#include "point.h"
#include "segments.h"
#include "table.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct monitor_meta);
} meta SEC(".maps");

/* Frames of an interface that is no point: it was moved, and has another index now. Returns 0. */
static __noinline int count_stray(__u32 bytes)
{
	struct flow_totals *at = totals_at(config.strays);

	if (!at)		/* never: there is one for every possible CPU */
		return 0;
	at->packets++;
	at->bytes += bytes;
	return 0;
}

/* Null where the interface is no point. */
static __always_inline struct flow_totals *totals_find(__u32 point_key)
{
	const struct observation_point *point = point_find(point_key);

	return point ? totals_at(point->totals) : NULL;
}

/* For a cursor. */
static __always_inline volatile __u32 *memory_of(__u32 cpu)
{
	struct cpu_state *state = bpf_map_lookup_elem(&cpus, &cpu);

	return state ? &state->forget : NULL;
}

/*
 * Apart from count(), and before parsing where it can be: then what fails to parse goes straight to its end, and
 * what does not carries nothing along for it.
 */
static __always_inline void count_total(struct flow_totals *at, struct frames frames)
{
	at->packets += frames.packets;
	at->bytes += frames.bytes;
}

static __always_inline void count(struct flow_totals *at, __u32 cpu, struct packet *packet,
				  enum parse_result result, struct frames frames)
{
	if (result == MALFORMED) {
		at->malformed_packets += frames.packets;
		at->malformed_bytes += frames.bytes;
		return;
	}
	set_rest(packet);
	see_frames(SEEN(packet), frames.packets, frames.bytes);
	/*
	 * What the parser found lies in memory now, where the verifier forgets which path
	 * it came by: it follows the table's code once, not once for every path.
	 */
	barrier();
	if (!filter_keeps(&at->key)) {
		at->filtered_packets += frames.packets;
		at->filtered_bytes += frames.bytes;
		return;
	}
	flow_count(at, cpu, packet->hash + hash_word(HASH_POINT, at->point), frames);
}

#define HEADERS_MAX	512	/* as much as is made linear where headers are not */
#define HEADERS_OFFSETS	0x3ff	/* has room for it */

/* Headers that were copied: as many, and behind them what the verifier thinks that offsets can reach. */
struct headers {
	__u8 bytes[1536];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct headers);
} headers SEC(".maps");

/* A frame of XDP, from the cursor on. */
static __always_inline int count_frame(struct cursor *cur, struct flow_totals *at, __u32 cpu)
{
	struct frames frames = { 1, cur->left };
	struct packet packet = { .key = &at->key };
	void *frame = cur->pos;
	enum parse_result result;

	cur->memory = memory_of(cpu);
	if (!cur->memory || !LOOK(&packet))	/* never: there is one for every possible CPU */
		return 0;
	result = parse_frame(cur, &packet, at->link, 0);
	if (at->link == LINK_GENERIC && !has_network(result, &packet) && is_looped_back(cur, frame, frames.bytes))
		return 0;	/* own multicast, which never was on the wire */
	count_total(at, frames);
	count(at, cpu, &packet, result, frames);
	return 0;
}

/* Frames that are not plain, see parse.h. A function of its own, so that plain frames do not pay for its paths. */
static __noinline int count_rest(struct xdp_md *ctx, struct flow_totals *at, __u32 cpu, __u32 length)
{
	struct cursor cur = {
		.pos = (void *)(long)ctx->data, .end = (void *)(long)ctx->data_end, .left = length, .offsets = EXTENSIONS_MASK,
	};

	return count_frame(&cur, at, cpu);
}

/* Frames whose headers may not be in the first buffer, which can be empty: they are read from a copy. */
static __noinline int count_scattered(struct xdp_md *ctx, struct flow_totals *at, __u32 cpu, __u32 length)
{
	struct headers *copy = bpf_map_lookup_elem(&headers, &(__u32){ 0 });
	struct cursor cur = { .pos = copy, .left = length, .offsets = HEADERS_OFFSETS };
	__u32 size = length < HEADERS_MAX ? length : HEADERS_MAX;

	barrier_var(size);	/* clang knows that what follows changes nothing, and the verifier does not */
	size = ((size - 1) & (HEADERS_MAX - 1)) + 1;
	if (!copy || bpf_xdp_load_bytes(ctx, 0, copy, size))	/* never */
		return 0;
	cur.end = copy->bytes + size;
	return count_frame(&cur, at, cpu);
}

static __always_inline int count_xdp(struct xdp_md *ctx, __u32 length, const _Bool has_fragments)
{
	struct flow_totals *at = totals_find(POINT_KEY(ctx->ingress_ifindex, 0));
	void *data = (void *)(long)ctx->data;
	void *data_end = (void *)(long)ctx->data_end;
	struct cursor cur = { .pos = data, .end = data_end };
	__u32 linear = data_end - data;
	struct packet packet = {};

	if (!at) {
		count_stray(length);
		return XDP_PASS;
	}
	packet.key = &at->key;
	if (!LOOK(&packet))
		return XDP_PASS;
	if (parse_plain(&cur, &packet, at->link)) {
		struct frames frames = { 1, length };

		count_total(at, frames);
		count(at, bpf_get_smp_processor_id(), &packet, PARSED, frames);
	} else if (has_fragments && linear < length && linear < HEADERS_MAX) {
		count_scattered(ctx, at, bpf_get_smp_processor_id(), length);
	} else {
		count_rest(ctx, at, bpf_get_smp_processor_id(), length);
	}
	return XDP_PASS;
}

SEC("xdp")
int xtrace_xdp(struct xdp_md *ctx)
{
	return count_xdp(ctx, ctx->data_end - ctx->data, 0);
}

/* For drivers that hand over frames in several buffers, and refuse what does not claim to know of it: Linux 5.18. */
SEC("xdp.frags")
int xtrace_xdp_frag(struct xdp_md *ctx)
{
	return count_xdp(ctx, bpf_xdp_get_buff_len(ctx), 1);
}

#define VLAN_TAG_LEN	4	/* VLAN_HLEN in linux/if_vlan.h */

/* The stack takes the outer tag off before it comes here, if the NIC has not. */
static __always_inline void set_skb_vlan(const struct __sk_buff *skb, struct packet *packet)
{
	if (skb->vlan_present)
		set_vlan(packet, skb->vlan_tci);
}

/*
 * Fetches headers that lie behind the linear part. Changes nothing of the frame; if it fails, what is there counts. The
 * headers of a super-packet that is plain TCP are there: their lengths are in what parse_plain() has seen.
 */
static __always_inline void pull_headers(struct __sk_buff *skb, _Bool has_plain_tcp)
{
	__u32 linear = skb->data_end - skb->data;

	if (!has_plain_tcp && linear < skb->len && linear < HEADERS_MAX)
		bpf_skb_pull_data(skb, skb->len < HEADERS_MAX ? skb->len : HEADERS_MAX);
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
static __always_inline __u32 pseudo_length(__u32 link)
{
	return link == LINK_IPOIB ? IPOIB_PSEUDO_LEN : 0;
}

#define PSEUDO_MASK	0x1f	/* no more than pseudo_length() says */

/*
 * How long the headers are that each frame of a super-packet repeats. A function of its own, and called before anything
 * else is done, while the verifier has but one state to follow its loops with.
 */
static __noinline int segment_headers(struct __sk_buff *skb, __u32 link, __u32 cpu)
{
	struct cursor cur = { .end = (void *)(long)skb->data_end, .memory = memory_of(cpu) };
	__be16 ethertype = LAYER_ETHERNET;
	__u32 pseudo, headers;

	if (!cur.memory)	/* never: there is one for every possible CPU */
		return 0;
	if (link == LINK_IP)
		ethertype = skb->protocol;
	else if (link == LINK_IPOIB)
		ethertype = LAYER_IPOIB;
	pseudo = forget(&cur, pseudo_length(link)) & PSEUDO_MASK;
	headers = headers_length(&cur, (void *)(long)skb->data + pseudo, ethertype, skb->len - pseudo);
	return headers;
}

/*
 * For buffers of several frames, and for frames that are not plain. It is a function of its own, so that a single plain
 * frame does not pay for these paths.
 */
static __noinline int count_slowly(struct __sk_buff *skb, struct flow_totals *at, __u32 cpu, __u32 headers)
{
	struct cursor cur = {
		.pos = (void *)(long)skb->data, .end = (void *)(long)skb->data_end, .left = skb->len, .memory = memory_of(cpu),
		.offsets = EXTENSIONS_MASK,
	};
	__u32 link = at->link, tag = tag_length(skb), length = skb->len - pseudo_length(link);
	struct frames frames = { 1, length + tag };
	struct packet packet = { .key = &at->key };
	enum parse_result result;

	/* The former never: there is one for every possible CPU. */
	if (!cur.memory || !LOOK(&packet) || is_skb_looped_back(skb))
		return 0;
	headers = forget(&cur, headers);
	set_skb_vlan(skb, &packet);
	result = parse_frame(&cur, &packet, link, skb->protocol);
	if (skb->gso_size)
		frames = count_segments(SEEN(&packet), result == PARSED ? headers : 0, forget(&cur, packet.jumbo), length, tag,
					skb->gso_segs, skb->gso_size);
	count_total(at, frames);
	count(at, cpu, &packet, result, frames);
	return 0;
}

static __always_inline int count_skb(struct __sk_buff *skb, __u32 is_egress)
{
	struct flow_totals *at = totals_find(POINT_KEY(skb->ifindex, is_egress));
	struct cursor cur = { .pos = (void *)(long)skb->data, .end = (void *)(long)skb->data_end };
	struct packet packet = {};
	struct frames frames;
	__u32 headers, cpu;
	_Bool is_plain;

	if (!at) {
		count_stray(skb->len + tag_length(skb));
		return TC_ACT_UNSPEC;
	}
	packet.key = &at->key;
	if (!LOOK(&packet))
		return TC_ACT_UNSPEC;
	is_plain = parse_plain(&cur, &packet, at->link);
	if (is_plain && !skb->gso_size && skb->pkt_type != PACKET_LOOPBACK) {
		set_skb_vlan(skb, &packet);
		frames = (struct frames){ 1, skb->len + tag_length(skb) };
		count_total(at, frames);
		count(at, bpf_get_smp_processor_id(), &packet, PARSED, frames);
	} else {
		pull_headers(skb, is_plain && packet.protocol == IPPROTO_TCP);
		cpu = bpf_get_smp_processor_id();
		headers = skb->gso_size ? segment_headers(skb, at->link, cpu) : 0;
		count_slowly(skb, at, cpu, headers);
	}
	return TC_ACT_UNSPEC;
}

SEC("tc")
int xtrace_tc_in(struct __sk_buff *skb)
{
	return count_skb(skb, 0);
}

SEC("tc")
int xtrace_tc_out(struct __sk_buff *skb)
{
	return count_skb(skb, 1);
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
