// SPDX-License-Identifier: GPL-2.0
/* The programs. They watch: every path lets the frame pass. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "flow.h"
#include "parse.h"
#include "table.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct monitor_meta);
} meta SEC(".maps");

static __always_inline void count_frame(void *data, void *data_end, __u32 bytes)
{
	__u32 cpu = bpf_get_smp_processor_id();
	struct packet packet = {};
	struct cpu_state *state;
	struct cursor cur;

	state = bpf_map_lookup_elem(&cpus, &cpu);
	if (!state)		/* never: there is one for every possible CPU */
		return;
	state->totals.packets++;
	state->totals.bytes += bytes;

	cur.pos = data;
	cur.end = data_end;
	cur.left = bytes;
	cur.memory = &state->forget;
	packet.key = &state->key;
	if (parse_ethernet(&cur, &packet) == MALFORMED) {
		state->totals.malformed_packets++;
		state->totals.malformed_bytes += bytes;
		return;
	}
	set_rest(&packet);
	state->hash = packet.hash;
	/*
	 * What the parser found lies in memory now, where the verifier forgets which path
	 * it came by: it follows the table's code once, not once for every path.
	 */
	barrier();
	flow_count(state, bytes, cpu);
}

SEC("xdp")
int xtrace_xdp(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *data_end = (void *)(long)ctx->data_end;
	__u32 bytes = config.has_frags ? bpf_xdp_get_buff_len(ctx) : data_end - data;

	count_frame(data, data_end, bytes);
	return XDP_PASS;
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
