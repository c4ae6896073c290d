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

#include "flow.h"
#include "hash.h"

/* Before loading max_entries of both is set: sets_per_cpu * CPUs, and CPUs. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct flow_set);
} flows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct cpu_state);
} cpus SEC(".maps");

/*
 * Orders the stores before it against those behind it, as a reader on another
 * CPU sees them. x86 keeps stores in order; elsewhere an atomic that returns a
 * value is a full barrier (BPF_FETCH, kernel 5.12 and later).
 */
#if defined(__TARGET_ARCH_x86)
#define publish_barrier(word)	barrier()
#else
#define publish_barrier(word)	((void)__sync_fetch_and_add((word), 0))
#endif

#define store(to, value)	(*(volatile typeof(to) *)&(to) = (value))

#define KEY_WORDS(key)	((const __u64 *)(key))

static __always_inline _Bool flow_is(const struct flow *flow, const struct flow_key *key)
{
	const __u64 *a = KEY_WORDS(&flow->key), *b = KEY_WORDS(key);

	return a[4] == b[4] && a[3] == b[3] && a[1] == b[1] && a[2] == b[2] && a[0] == b[0];
}

/* Frames that are counted at once: one, or what the kernel merged or has yet to segment. */
struct frames {
	__u32 packets;
	__u32 bytes;
};

static __always_inline void flow_put(struct flow *flow, const struct flow_key *key,
				     struct frames frames, __u32 now)
{
	store(flow->packets, 0);
	publish_barrier(&flow->packets);
	flow->key = *key;
	flow->bytes = frames.bytes;
	flow->first_seen = now;
	flow->last_seen = now;
	publish_barrier(&flow->packets);
	store(flow->packets, frames.packets);
}

static __always_inline void flow_add(struct flow *flow, struct frames frames, __u32 now)
{
	store(flow->bytes, flow->bytes + frames.bytes);
	store(flow->last_seen, now);
	store(flow->packets, flow->packets + frames.packets);
}

static __always_inline struct flow *flow_at(struct flow_set *set, __u32 way)
{
	return &set->way[way & (FLOW_WAYS - 1)];
}

/* The set's least recently seen flow gives its counts to `evicted`. */
static __always_inline struct flow *flow_evict(struct flow_set *set, __u32 first,
					       struct flow_totals *total, __u32 now)
{
	__u32 i, age, oldest = first, oldest_age = 0;
	struct flow *flow;

	for (i = 0; i < FLOW_WAYS; i++) {
		age = now - flow_at(set, first ^ i)->last_seen;
		if (age > oldest_age) {
			oldest_age = age;
			oldest = first ^ i;
		}
	}
	flow = flow_at(set, oldest);
	total->evicted_packets += flow->packets;
	total->evicted_bytes += flow->bytes;
	return flow;
}

static __always_inline void flow_count(struct cpu_state *state, struct frames frames, __u32 cpu)
{
	__u32 now = bpf_jiffies64();
	__u32 hash = hash_finish(state->hash);
	__u32 index = cpu * config.sets_per_cpu + (hash & (config.sets_per_cpu - 1));
	__u32 first = hash >> 29;	/* bits that do not choose the set */
	struct flow_set *set;
	struct flow *flow;
	__u32 i;

	set = bpf_map_lookup_elem(&flows, &index);
	if (!set)		/* never: index is in range */
		return;
	/* Slots never become free again, so behind a free one there is nothing. */
#pragma unroll
	for (i = 0; i < FLOW_WAYS; i++) {
		flow = flow_at(set, first ^ i);
		if (flow_is(flow, &state->key)) {
			flow_add(flow, frames, now);
			return;
		}
		if (!flow->packets) {
			flow_put(flow, &state->key, frames, now);
			return;
		}
	}
	flow = flow_evict(set, first, &state->totals, now);
	flow_put(flow, &state->key, frames, now);
}

#endif
