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

/* What a frame is counted with: this CPU's memory, and where the frame was seen. */
struct place {
	struct cpu_state *state;
	struct flow_totals *totals;
	__u32 cpu;
	__u32 link;
};

/* False where the frame cannot be counted for a point. Then it is counted all the same, as of none. */
static __always_inline _Bool find_place(struct place *place, __u32 point_key, struct frames frames)
{
	const struct observation_point *point = point_find(point_key);

	place->cpu = bpf_get_smp_processor_id();
	place->state = bpf_map_lookup_elem(&cpus, &place->cpu);
	place->totals = totals_at(place->cpu, point ? point->id & (config.points - 1) : config.points);
	if (!place->state || !place->totals)	/* never: there is one for every possible CPU */
		return 0;
	if (!point) {
		place->totals->packets += frames.packets;
		place->totals->bytes += frames.bytes;
		return 0;
	}
	place->state->point = point->id;
	place->link = point->link;
	return 1;
}

/*
 * Apart from count(), and before parsing where it can be: then what fails to parse goes straight to its end, and
 * what does not carries nothing along for it.
 */
static __always_inline void count_total(struct flow_totals *totals, struct frames frames)
{
	totals->packets += frames.packets;
	totals->bytes += frames.bytes;
}

static __always_inline void count(struct place *place, struct packet *packet,
				  enum parse_result result, struct frames frames)
{
	struct cpu_state *state = place->state;

	if (result == MALFORMED) {
		place->totals->malformed_packets += frames.packets;
		place->totals->malformed_bytes += frames.bytes;
		return;
	}
	set_rest(packet);
	state->hash = packet->hash + hash_word(HASH_POINT, state->point);
	see_frames(state, frames.packets, frames.bytes);
	/*
	 * What the parser found lies in memory now, where the verifier forgets which path
	 * it came by: it follows the table's code once, not once for every path.
	 */
	barrier();
	if (!filter_keeps(&state->key)) {
		place->totals->filtered_packets += frames.packets;
		place->totals->filtered_bytes += frames.bytes;
		return;
	}
	flow_count(state, frames, place->cpu);
}

/* Frames that are not plain, see parse.h. A function of its own, as the plain ones would pay for its paths. */
static __noinline int count_rest(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *data_end = (void *)(long)ctx->data_end;
	struct frames frames = { 1, data_end - data };
	struct cursor cur = { .pos = data, .end = data_end, .left = frames.bytes };
	struct packet packet = {};
	enum parse_result result;
	struct place place;

	if (!find_place(&place, POINT_KEY(ctx->ingress_ifindex, 0), frames))	/* never: it was there a moment ago */
		return 0;
	cur.memory = &place.state->forget;
	packet.key = &place.state->key;
	result = parse_frame(&cur, &packet, place.link, 0);
	if (place.link == LINK_GENERIC && !has_network(result, &packet) && is_looped_back(&cur, data, frames.bytes))
		return 0;	/* own multicast, which never was on the wire */
	count_total(place.totals, frames);
	count(&place, &packet, result, frames);
	return 0;
}

SEC("xdp")
int xtrace_xdp(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *data_end = (void *)(long)ctx->data_end;
	struct frames frames = { 1, data_end - data };
	struct cursor cur = { .pos = data, .end = data_end };
	struct packet packet = {};
	struct place place;

	if (!find_place(&place, POINT_KEY(ctx->ingress_ifindex, 0), frames))
		return XDP_PASS;
	packet.key = &place.state->key;
	if (parse_plain(&cur, &packet, place.link)) {
		count_total(place.totals, frames);
		count(&place, &packet, PARSED, frames);
	} else {
		count_rest(ctx);
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
static __noinline int segment_headers(struct __sk_buff *skb, __u32 cpu, __u32 link)
{
	struct cpu_state *state = bpf_map_lookup_elem(&cpus, &cpu);
	struct cursor cur = { .end = (void *)(long)skb->data_end };
	__be16 ethertype = LAYER_ETHERNET;
	__u32 pseudo, headers;

	if (!state)		/* never: there is one for every possible CPU */
		return 0;
	cur.memory = &state->forget;
	if (link == LINK_IP)
		ethertype = skb->protocol;
	else if (link == LINK_IPOIB)
		ethertype = LAYER_IPOIB;
	pseudo = forget(&cur, pseudo_length(link)) & PSEUDO_MASK;
	headers = headers_length(&cur, (void *)(long)skb->data + pseudo, ethertype, skb->len - pseudo);
	return headers;
}

/*
 * For buffers of several frames, and those that are not plain. A function of its own, as a single plain frame would pay
 * for these paths if they joined its own.
 */
static __noinline int count_slowly(struct __sk_buff *skb, __u32 point_key, __u32 headers)
{
	struct cursor cur = { .pos = (void *)(long)skb->data, .end = (void *)(long)skb->data_end, .left = skb->len };
	__u32 tag = tag_length(skb), length;
	struct packet packet = {};
	struct frames frames = {};
	enum parse_result result;
	struct place place;

	/* The former never: it was there a moment ago. */
	if (!find_place(&place, point_key, frames) || is_skb_looped_back(skb))
		return 0;
	length = skb->len - pseudo_length(place.link);
	frames = (struct frames){ 1, length + tag };
	cur.memory = &place.state->forget;
	packet.key = &place.state->key;
	set_skb_vlan(skb, &packet);
	result = parse_frame(&cur, &packet, place.link, skb->protocol);
	if (skb->gso_size)
		frames = count_segments(place.state, result == PARSED ? headers : 0, forget(&cur, packet.jumbo), length,
					tag, skb->gso_segs, skb->gso_size);
	count_total(place.totals, frames);
	count(&place, &packet, result, frames);
	return 0;
}

static __always_inline __u32 skb_headers(struct __sk_buff *skb, const struct place *place)
{
	__u32 headers = skb->gso_size ? segment_headers(skb, place->cpu, place->link) : 0;
	struct cursor cur = { .memory = &place->state->forget };

	return forget(&cur, headers);
}

static __always_inline int count_skb(struct __sk_buff *skb, __u32 is_egress)
{
	struct cursor cur = { .pos = (void *)(long)skb->data, .end = (void *)(long)skb->data_end };
	__u32 point_key = POINT_KEY(skb->ifindex, is_egress);
	struct frames frames = { 1, skb->len + tag_length(skb) };
	struct packet packet = {};
	struct place place;
	_Bool is_plain;

	if (!find_place(&place, point_key, frames))
		return TC_ACT_UNSPEC;
	packet.key = &place.state->key;
	is_plain = parse_plain(&cur, &packet, place.link);
	if (is_plain && !skb->gso_size && skb->pkt_type != PACKET_LOOPBACK) {
		set_skb_vlan(skb, &packet);
		count_total(place.totals, frames);
		count(&place, &packet, PARSED, frames);
	} else {
		pull_headers(skb, is_plain && packet.protocol == IPPROTO_TCP);
		count_slowly(skb, point_key, skb_headers(skb, &place));
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
