// SPDX-License-Identifier: GPL-2.0
/*
 * What the program under test runs behind: each run of BPF_PROG_TEST_RUN's loop
 * turns the packet into one of the next flow and tail-calls the program.
 * empty is what its own cost is measured with.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} target SEC(".maps");

#define DESTINATION_PORT 4433

const volatile __u32 flow_count = 1;	/* a power of two */
__u32 runs;

SEC("xdp")
int driver(struct xdp_md *ctx)
{
	void *data_end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = (void *)(long)ctx->data;
	struct iphdr *ip = (void *)(eth + 1);
	struct udphdr *udp = (void *)(ip + 1);
	/* An odd multiplier visits all flows, each once a round, in no order a prefetcher knows. */
	__u32 flow = (runs++ * 0x9e3779b1) & (flow_count - 1);

	if ((void *)(udp + 1) > data_end)
		return XDP_ABORTED;
	ip->saddr = bpf_htonl(0x0a000000 | flow);	/* 10.0.0.0/8 */
	/* Both ports at once: a program that loads them so would wait for two stores. */
	*(__u32 *)udp = bpf_htonl(flow << 16 | DESTINATION_PORT);
	bpf_tail_call(ctx, &target, 0);
	return XDP_ABORTED;
}

SEC("xdp")
int empty(struct xdp_md *ctx)
{
	return XDP_PASS;
}

char _license[] SEC("license") = "GPL";
