/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Observation points: which interface and direction a frame was seen at, and the totals
 * of each. A point has one of the few places that its key may have, so it is found without
 * a hash map. User space takes the first that is free (XTrace.Core/Monitors/PointTable.cs).
 */
#ifndef XTRACE_POINT_H
#define XTRACE_POINT_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "flow.h"
#include "hash.h"

/* Before loading max_entries is set: points; (points + 1) * CPUs. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct observation_point);
} points SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, struct flow_totals);
} totals SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct cpu_state);
} cpus SEC(".maps");

static __always_inline struct observation_point *point_at(__u32 place)
{
	place &= config.points - 1;
	return bpf_map_lookup_elem(&points, &place);
}

/* This CPU's, of a point's or of config.strays. */
static __always_inline struct flow_totals *totals_at(__u32 first)
{
	__u32 index = first + bpf_get_smp_processor_id();

	return bpf_map_lookup_elem(&totals, &index);
}

/* Null where the interface is no point: it was moved, and has another index now. */
static __always_inline struct observation_point *point_find(__u32 key)
{
	struct observation_point *point = point_at(key);
	__u32 i;

	if (point && point->key == key)
		return point;
#pragma clang loop unroll(disable)
	for (i = 1; i < POINT_PROBES; i++) {
		point = point_at(key + i);
		if (point && point->key == key)
			return point;
	}
	return NULL;
}

#endif
