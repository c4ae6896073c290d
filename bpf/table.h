/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The flow table: find a key's slot in this CPU's partition, or make one. One
 * writer a partition, so no locks and no atomics; flow.h has the protocol
 * between it and the readers.
 */
#ifndef XTRACE_TABLE_H
#define XTRACE_TABLE_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "cursor.h"
#include "details.h"
#include "flow.h"
#include "hash.h"
#include "point.h"

/* Before loading max_entries is set: a CPU's slots, or buckets, times CPUs; CPUs. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct flow);
} flows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, DETAILS_SIZE);
} details SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct flow_bucket);
} buckets SEC(".maps");

/* Flows that made room, while somebody reads them. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} ends SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct monitor_control);
} control SEC(".maps");

/*
 * Orders the stores before it against those behind it, as a reader on another
 * CPU sees them. x86 keeps stores in order; elsewhere an atomic that returns a
 * value is a full barrier (BPF_FETCH: kernel 5.12, on arm64 5.18). The value is used,
 * because clang makes an atomic that returns none, and orders nothing, where it is not.
 */
#if defined(__TARGET_ARCH_x86)
#define publish_barrier(word)	barrier()
#else
#define publish_barrier(word)	({ __u64 before = __sync_fetch_and_add((word), 0); barrier_var(before); })
#endif

#define store(to, value)	(*(volatile typeof(to) *)&(to) = (value))

#define KEY_WORDS(key)		((const __u64 *)(key))
#define SLOTS			(config.buckets * FLOW_SLOTS_PER_BUCKET)
#define EVICT_FROM		8	/* slots of which the oldest flow makes room */

/* The reader is woken when so much waits for it, and otherwise looks by itself. */
#define ENDS_WAKE_AT		(256 * 1024)

static __always_inline _Bool flow_is(const struct flow *flow, const struct flow_key *key,
				     __u32 point)
{
	const __u64 *a = KEY_WORDS(&flow->key), *b = KEY_WORDS(key);

	return a[4] == b[4] && a[3] == b[3] && a[1] == b[1] && flow->point == point &&
	       a[2] == b[2] && a[0] == b[0];
}

/* Frames that are counted at once: one, or what the kernel merged or has yet to segment. */
struct frames {
	__u32 packets;
	__u32 bytes;
};

static __always_inline void flow_add(struct flow *flow, struct frames frames, __u32 now)
{
	store(flow->bytes, flow->bytes + frames.bytes);
	store(flow->last_seen, now);
	store(flow->packets, flow->packets + frames.packets);
}

static __always_inline struct flow *flow_at(__u32 cpu, __u32 slot)
{
	__u32 index = cpu * SLOTS + slot;

	return bpf_map_lookup_elem(&flows, &index);
}

static __always_inline struct flow_details *details_at(__u32 cpu, __u32 slot)
{
	__u32 index = cpu * SLOTS + slot;

	return bpf_map_lookup_elem(&details, &index);
}

static __always_inline struct flow_bucket *bucket_of(__u32 cpu, __u32 hash)
{
	__u32 index = cpu * config.buckets + (hash & (config.buckets - 1));

	return bpf_map_lookup_elem(&buckets, &index);
}

/* Where in its bucket a key is looked for first: bits that hardly choose the bucket or the tag. */
static __always_inline __u32 first_way(__u32 hash)
{
	return hash >> 20;
}

static __always_inline __u32 *entry_at(struct flow_bucket *bucket, __u32 way)
{
	return &bucket->entry[way & (FLOW_WAYS - 1)];
}

static __always_inline _Bool is_read(__u32 now)
{
	struct monitor_control *control_of;
	__u32 zero = 0;

	control_of = bpf_map_lookup_elem(&control, &zero);
	return control_of && control_of->is_read && (__s32)(control_of->read_until - now) > 0;
}

/* False where the ring buffer is full. */
static __always_inline _Bool report_end(const struct flow *flow, const struct flow_details *details_of)
{
	struct flow_end *end = bpf_ringbuf_reserve(&ends, offsetof(struct flow_end, details) + DETAILS_SIZE, 0);

	if (!end)
		return 0;
	end->flow = *flow;
	__builtin_memcpy(&end->details, details_of, DETAILS_SIZE);
	bpf_ringbuf_submit(end, bpf_ringbuf_query(&ends, BPF_RB_AVAIL_DATA) < ENDS_WAKE_AT ?
			   BPF_RB_NO_WAKEUP : BPF_RB_FORCE_WAKEUP);
	return 1;
}

/* A flow's counts leave the table: to whoever reads ends, else into its point's totals. */
static __always_inline void hand_over(const struct flow *flow, const struct flow_details *details_of,
				      __u32 cpu, __u32 now)
{
	struct observation_point *point = point_at(flow->point);
	struct flow_totals *total;

	if (!point || point->id != flow->point)
		return;		/* the point is gone, and its totals with it */
	total = totals_at(point->totals);
	if (!total)		/* never: there is one for each place */
		return;
	if (is_read(now) && report_end(flow, details_of)) {
		total->reported_packets += flow->packets;
		total->reported_bytes += flow->bytes;
	} else {
		total->evicted_packets += flow->packets;
		total->evicted_bytes += flow->bytes;
	}
}

static __always_inline void clear_entry(struct flow_bucket *bucket, __u32 slot)
{
	__u32 way;

#pragma clang loop unroll(disable)
	for (way = 0; way < FLOW_WAYS; way++) {
		__u32 *entry = entry_at(bucket, way);

		if ((*entry & FLOW_ENTRY_SLOT) == slot + 1) {
			store(*entry, 0);
			publish_barrier((__u64 *)bucket);
			return;
		}
	}
}

/* The oldest of the next few flows. Going round in the order of slots, all have their turn. */
static __always_inline __u32 oldest_slot(struct cpu_state *state, __u32 cpu, __u32 now)
{
	__u32 start = state->hand & (SLOTS - 1), oldest = start, oldest_age = 0;
	__u32 i;

	state->hand = start + EVICT_FROM;
#pragma clang loop unroll(disable)
	for (i = 0; i < EVICT_FROM; i++) {
		struct flow *flow = flow_at(cpu, start + i);

		if (flow && now - flow->last_seen > oldest_age) {
			oldest_age = now - flow->last_seen;
			oldest = start + i;
		}
	}
	return oldest;
}

/* The slot is free afterwards, and no entry leads to it. */
static __always_inline void flow_evict(__u32 cpu, __u32 slot, __u32 now)
{
	struct flow *flow = flow_at(cpu, slot);
	struct flow_details *details_of = details_at(cpu, slot);
	struct flow_bucket *bucket;

	if (!flow || !details_of)	/* never: the slot is in range */
		return;
	bucket = bucket_of(cpu, hash_finish(hash_key(&flow->key, flow->point)));
	if (bucket)
		clear_entry(bucket, slot);
	hand_over(flow, details_of, cpu, now);
	store(flow->packets, 0);
	publish_barrier(&flow->packets);
}

/* A function of its own: what finds its flow need not carry this along. Returns 0. */
static __noinline int flow_insert(struct flow_totals *at, __u32 cpu, __u32 hash, __u32 packets, __u32 bytes)
{
	struct cpu_state *state = bpf_map_lookup_elem(&cpus, &cpu);
	struct flow_bucket *bucket = bucket_of(cpu, hash);
	__u32 way, slot, now = bpf_jiffies64();
	struct flow_details *details_of;
	struct flow *flow;

	if (!state || !bucket)		/* never */
		return 0;
#pragma clang loop unroll(disable)
	for (way = 0; way < FLOW_WAYS; way++)
		if (!*entry_at(bucket, first_way(hash) ^ way))
			break;
	/* The verifier follows the rest once, not once for each place in the bucket. */
	way = forget_in(&state->forget, way);
	if (way < FLOW_WAYS && state->used < SLOTS) {
		slot = state->used++;
	} else {
		if (way < FLOW_WAYS) {
			slot = oldest_slot(state, cpu, now);
		} else {
			way = 0;	/* full, which is rare: whoever is there makes room */
			slot = (*entry_at(bucket, first_way(hash)) & FLOW_ENTRY_SLOT) - 1;
		}
		flow_evict(cpu, slot, now);
	}
	flow = flow_at(cpu, slot);
	details_of = details_at(cpu, slot);
	if (!flow || !details_of)	/* never */
		return 0;
	flow->key = at->key;
	flow->point = at->point;
	flow->bytes = bytes;
	flow->last_seen = now;
	if (HAS_DETAILS)
		*details_of = state->seen;
	details_of->first_seen = now;
	publish_barrier(&flow->packets);
	store(flow->packets, packets);
	publish_barrier(&flow->packets);
	store(*entry_at(bucket, first_way(hash) ^ way), (slot + 1) | (hash & FLOW_ENTRY_TAG));
	return 0;
}

static __always_inline _Bool flow_found(const struct flow_totals *at, __u32 entry, __u32 hash,
					struct frames frames, __u32 first_slot)
{
	__u32 index = first_slot + (entry & FLOW_ENTRY_SLOT) - 1;
	struct flow *flow;

	if ((entry ^ hash) & FLOW_ENTRY_TAG)
		return 0;
	flow = bpf_map_lookup_elem(&flows, &index);
	if (!flow || !flow_is(flow, &at->key, at->point))
		return 0;
	if (HAS_DETAILS)
		details_add(bpf_map_lookup_elem(&details, &index), seen_here());
	flow_add(flow, frames, bpf_jiffies64());
	return 1;
}

/*
 * Counts frames of the flow whose key stands beside the totals. Entries become free again, so a flow is new only after all
 * entries of its bucket were compared.
 */
static __always_inline void flow_count(struct flow_totals *at, __u32 cpu, __u64 sum, struct frames frames)
{
	__u32 hash = hash_finish(sum), size = config.buckets, way, entry;
	__u32 first = cpu * size, index = first + (hash & (size - 1));
	struct flow_bucket *bucket = bpf_map_lookup_elem(&buckets, &index);

	if (!bucket)		/* never: index is in range */
		return;
	first *= FLOW_SLOTS_PER_BUCKET;
	entry = *entry_at(bucket, first_way(hash));
	if (entry && flow_found(at, entry, hash, frames, first))
		return;
#pragma clang loop unroll(disable)
	for (way = 1; way < FLOW_WAYS; way++) {
		entry = *entry_at(bucket, first_way(hash) ^ way);
		if (entry && flow_found(at, entry, hash, frames, first))
			return;
	}
	flow_insert(at, cpu, hash, frames.packets, frames.bytes);
}

#endif
