// SPDX-License-Identifier: GPL-2.0
/*
 * What XTrace is measured against, each the common way to count flows, and none
 * parsing more than Ethernet, IPv4 or IPv6, and ports:
 * plain_hash, a shared hash map, 16-byte key, atomic adds, no clock;
 * lru_percpu_hash, a per-CPU LRU hash map, 40-byte key, first and last seen.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

struct plain_key {
	__be32 source;
	__be32 destination;
	__be16 source_port;
	__be16 destination_port;
	__u32 protocol;
};

struct plain_value {
	__u64 packets;
	__u64 bytes;
};

struct wide_key {
	__u64 source[2];
	__u64 destination[2];
	__be16 source_port;
	__be16 destination_port;
	__u32 protocol;
};

struct wide_value {
	__u64 packets;
	__u64 bytes;
	__u64 first_seen;
	__u64 last_seen;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, struct plain_key);
	__type(value, struct plain_value);
} plain SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_PERCPU_HASH);
	__uint(max_entries, 1);
	__type(key, struct wide_key);
	__type(value, struct wide_value);
} lru SEC(".maps");

SEC("xdp")
int plain_hash(struct xdp_md *ctx)
{
	void *data_end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = (void *)(long)ctx->data;
	struct iphdr *ip = (void *)(eth + 1);
	struct udphdr *ports = (void *)(ip + 1);
	__u64 bytes = data_end - (void *)eth;
	struct plain_value *value, first = { 1, bytes };
	struct plain_key key = {};

	if ((void *)(ports + 1) > data_end || eth->h_proto != bpf_htons(ETH_P_IP))
		return XDP_PASS;
	key.source = ip->saddr;
	key.destination = ip->daddr;
	key.source_port = ports->source;
	key.destination_port = ports->dest;
	key.protocol = ip->protocol;
	value = bpf_map_lookup_elem(&plain, &key);
	if (value) {
		__sync_fetch_and_add(&value->packets, 1);
		__sync_fetch_and_add(&value->bytes, bytes);
	} else {
		bpf_map_update_elem(&plain, &key, &first, BPF_ANY);
	}
	return XDP_PASS;
}

SEC("xdp")
int lru_percpu_hash(struct xdp_md *ctx)
{
	void *data_end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = (void *)(long)ctx->data;
	struct iphdr *ip = (void *)(eth + 1);
	struct ipv6hdr *ip6 = (void *)(eth + 1);
	__u64 now = bpf_ktime_get_ns(), bytes = data_end - (void *)eth;
	struct wide_value *value, first = { 1, bytes, now, now };
	struct wide_key key = {};
	struct udphdr *ports;

	if ((void *)(ip + 1) > data_end)
		return XDP_PASS;
	if (eth->h_proto == bpf_htons(ETH_P_IP)) {
		ports = (void *)(ip + 1);
		key.source[1] = (__u64)ip->saddr << 32 | bpf_htonl(0xffff);
		key.destination[1] = (__u64)ip->daddr << 32 | bpf_htonl(0xffff);
		key.protocol = ip->protocol;
	} else if (eth->h_proto == bpf_htons(ETH_P_IPV6) && (void *)(ip6 + 1) <= data_end) {
		ports = (void *)(ip6 + 1);
		__builtin_memcpy(key.source, &ip6->saddr, sizeof(key.source));
		__builtin_memcpy(key.destination, &ip6->daddr, sizeof(key.destination));
		key.protocol = ip6->nexthdr;
	} else {
		return XDP_PASS;
	}
	if ((void *)(ports + 1) > data_end)
		return XDP_PASS;
	key.source_port = ports->source;
	key.destination_port = ports->dest;
	value = bpf_map_lookup_elem(&lru, &key);
	if (value) {
		value->packets++;
		value->bytes += bytes;
		value->last_seen = now;
	} else {
		bpf_map_update_elem(&lru, &key, &first, BPF_ANY);
	}
	return XDP_PASS;
}

char _license[] SEC("license") = "GPL";
