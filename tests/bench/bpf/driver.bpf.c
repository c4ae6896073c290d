// SPDX-License-Identifier: GPL-2.0
/*
 * What the program under test runs behind: each run of BPF_PROG_TEST_RUN's loop
 * turns the packet into one of the next flow and tail-calls the program. There is
 * a driver for each kind of program, as the kernel calls no program of another kind;
 * one is loaded. The empty ones are what their own cost is measured with.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/pkt_cls.h>
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

/* False where the packet is too short. */
static __always_inline _Bool next_flow(void *data, void *data_end)
{
	struct ethhdr *eth = data;
	struct iphdr *ip = (void *)(eth + 1);
	struct udphdr *udp = (void *)(ip + 1);
	/* An odd multiplier visits all flows, each once a round, in no order a prefetcher knows. */
	__u32 flow = (runs++ * 0x9e3779b1) & (flow_count - 1);

	if ((void *)(udp + 1) > data_end)
		return 0;
	ip->saddr = bpf_htonl(0x0a000000 | flow);	/* 10.0.0.0/8 */
	/* Both ports at once: a program that loads them so would wait for two stores. */
	*(__u32 *)udp = bpf_htonl(flow << 16 | DESTINATION_PORT);
	return 1;
}

SEC("xdp")
int xdp_driver(struct xdp_md *ctx)
{
	if (next_flow((void *)(long)ctx->data, (void *)(long)ctx->data_end))
		bpf_tail_call(ctx, &target, 0);
	return XDP_ABORTED;
}

SEC("xdp")
int xdp_empty(struct xdp_md *ctx)
{
	return XDP_PASS;
}

SEC("tc")
int tc_driver(struct __sk_buff *skb)
{
	if (next_flow((void *)(long)skb->data, (void *)(long)skb->data_end))
		bpf_tail_call(skb, &target, 0);
	return TC_ACT_SHOT;
}

SEC("tc")
int tc_empty(struct __sk_buff *skb)
{
	return TC_ACT_UNSPEC;
}

char _license[] SEC("license") = "GPL";
