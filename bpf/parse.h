/* SPDX-License-Identifier: GPL-2.0 */
/*
 * From a frame to a flow key. Knows nothing of the hook that runs it.
 *
 * A frame is malformed when a header that it announces does not fit into it, by
 * the frame's length or by the IP header's own. Everything else becomes a key, if
 * only of MAC addresses and ethertype.
 */
#ifndef XTRACE_PARSE_H
#define XTRACE_PARSE_H

#include <stddef.h>
#include <linux/dccp.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>

#include "cursor.h"
#include "flow.h"
#include "hash.h"

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "keys are put together in little-endian words"
#endif

#define VLAN_TAGS_MAX		2
#define VLAN_VID_MASK		0x0fff	/* linux/if_vlan.h, not in its uapi part */
#define IP_OFFSET		0x1fff	/* net/ip.h */
#define IPV6_FRAGMENT_OFFSET	0xfff8	/* IP6_OFFSET in net/ipv6.h */
#define IPV6_EXTENSIONS_MAX	8	/* RFC 8504 5.3 lets a node set such a limit */
#define IPV6_EXTENSIONS_MASK	0x7fff	/* more than so many of the longest, 2048 bytes, take */
#define IPPROTO_SHIM6		140	/* RFC 5533; no kernel header names it */
#define IPPROTO_HIP		139	/* RFC 7401 */
#define ETH_P_IBOE		0x8915	/* RoCE v1, linux/if_ether.h since 3.9 */
#define ROCE_V2_UDP_PORT	4791	/* ROCE_V2_UDP_DPORT in rdma/ib_verbs.h */

struct vlan_header {		/* struct vlan_hdr in linux/if_vlan.h */
	__be16 tci;
	__be16 ethertype;
};

struct ipv6_extension {		/* struct ipv6_opt_hdr in linux/ipv6.h, frag_hdr in net/ipv6.h */
	__u8 next;
	__u8 length;		/* in 8 bytes, the first 8 not counted; in AH in 4, the first 8 not */
	__be16 fragment_offset;	/* in a fragment header, whose length is fixed */
	__be32 data;
};

struct icmp_header {		/* struct icmphdr in linux/icmp.h; struct icmp6hdr begins alike */
	__u8 type;
	__u8 code;
	__sum16 checksum;
	__be32 rest;
};

struct sctp_header {		/* struct sctphdr in linux/sctp.h */
	__be16 source;
	__be16 dest;
	__be32 vtag;
	__le32 checksum;
};

/*
 * What a frame on an IPoIB interface begins with in the network stack: the pseudo header
 * holds a hardware address and is not on the wire. struct ipoib_header in
 * drivers/infiniband/ulp/ipoib/ipoib.h.
 */
#define IPOIB_PSEUDO_LEN	20	/* INFINIBAND_ALEN in linux/if_infiniband.h */

struct ipoib_header {
	__be16 ethertype;
	__be16 reserved;
};

struct roce_grh {		/* struct ib_grh in rdma/ib_verbs.h */
	__be32 version_class_flow;
	__be16 payload_length;
	__u8 next_header;
	__u8 hop_limit;
	__be32 source[4];
	__be32 destination[4];
};

struct roce_bth {		/* Base Transport Header, IBTA specification vol. 1, 9.2 */
	__u8 opcode;
	__u8 flags;
	__be16 partition;
	__be32 reserved_queue_pair;	/* 8 and 24 bits */
	__be32 sequence;
};

enum parse_result {
	PARSED,
	MALFORMED,
	NO_NETWORK,	/* no network layer that is known */
};

/*
 * What becomes of a frame: the addresses go straight to their place in the key, the
 * rest, which one word of the key holds, is put together at the end.
 */
struct packet {
	struct flow_key *key;
	__u64 hash;
	__u32 ports;
	__u8 protocol;
	__u8 kind;
	__u16 vlan;
};

static __always_inline void set_address(struct packet *packet, __u64 to[2], __u32 seed,
					const __be32 from[4])
{
	to[0] = (__u64)from[0] | (__u64)from[1] << 32;
	to[1] = (__u64)from[2] | (__u64)from[3] << 32;
	packet->hash += hash_word(seed, from[0]) + hash_word(seed + 1, from[1]) +
			hash_word(seed + 2, from[2]) + hash_word(seed + 3, from[3]);
}

static __always_inline void set_ipv4(struct packet *packet, __u64 to[2], __u32 seed, __be32 from)
{
	to[0] = 0;
	to[1] = (__u64)from << 32 | bpf_htonl(0x0000ffff);
	packet->hash += hash_word(seed + 3, from);
}

static __always_inline void set_mac(struct packet *packet, __u64 to[2], __u32 seed,
				    const __u8 from[ETH_ALEN])
{
	const __be16 *parts = (const __be16 *)from;
	__u32 upper = parts[0] | parts[1] << 16;

	to[0] = upper | (__u64)parts[2] << 32;
	to[1] = 0;
	packet->hash += hash_word(seed, upper) + hash_word(seed + 1, parts[2]);
}

/* The queue pair's three bytes, then the opcode. */
static __always_inline void set_queue_pair(struct packet *packet, const struct roce_bth *bth)
{
	packet->ports = bth->reserved_queue_pair >> 8 | (__u32)bth->opcode << 24;
}

/* As one word: stored in parts and loaded at once, it would wait for the store buffer. */
static __always_inline void set_rest(struct packet *packet)
{
	__u32 rest = packet->protocol | packet->kind << 8 | packet->vlan << 16;

	((__u64 *)packet->key)[4] = packet->ports | (__u64)rest << 32;
	packet->hash += hash_word(HASH_PORTS, packet->ports) + hash_word(HASH_REST, rest);
}

static __always_inline enum parse_result parse_ports(struct cursor *cur, struct packet *packet,
						     __u32 header_size)
{
	if (!in_packet(cur, header_size))
		return MALFORMED;
	packet->ports = *(const __u32 *)cur->pos;
	packet->kind |= FLOW_PORTS;
	return PARSED;
}

static __always_inline enum parse_result parse_udp(struct cursor *cur, struct packet *packet)
{
	const struct udphdr *udp = cur->pos;
	const struct roce_bth *bth = (const void *)(udp + 1);

	if (!in_packet(cur, sizeof(*udp)))
		return MALFORMED;
	if (udp->dest == bpf_htons(ROCE_V2_UDP_PORT) && in_packet(cur, sizeof(*udp) + sizeof(*bth)) &&
	    bpf_ntohs(udp->len) >= sizeof(*udp) + sizeof(*bth)) {
		set_queue_pair(packet, bth);
		packet->kind |= FLOW_ROCE_V2;
		return PARSED;
	}
	packet->ports = *(const __u32 *)udp;
	packet->kind |= FLOW_PORTS;
	return PARSED;
}

static __always_inline enum parse_result parse_icmp(struct cursor *cur, struct packet *packet)
{
	const struct icmp_header *icmp = cur->pos;

	if (!in_packet(cur, sizeof(*icmp)))
		return MALFORMED;
	packet->ports = icmp->type | icmp->code << 8;
	packet->kind |= FLOW_ICMP;
	return PARSED;
}

static __always_inline enum parse_result parse_transport(struct cursor *cur, struct packet *packet,
							 __u8 icmp)
{
	__u8 protocol = packet->protocol;

	if (protocol == IPPROTO_TCP)
		return parse_ports(cur, packet, sizeof(struct tcphdr));
	if (protocol == IPPROTO_UDP)
		return parse_udp(cur, packet);
	if (protocol == icmp)
		return parse_icmp(cur, packet);
	if (protocol == IPPROTO_SCTP)
		return parse_ports(cur, packet, sizeof(struct sctp_header));
	if (protocol == IPPROTO_DCCP)
		return parse_ports(cur, packet, sizeof(struct dccp_hdr));
	if (protocol == IPPROTO_UDPLITE)
		return parse_ports(cur, packet, sizeof(struct udphdr));
	return PARSED;
}

static __always_inline enum parse_result parse_ipv4(struct cursor *cur, struct packet *packet)
{
	const struct iphdr *ip = cur->pos;
	__u32 header;

	if (!in_frame(cur, sizeof(*ip)) || ip->version != 4)
		return MALFORMED;
	header = ip->ihl * 4;
	if (header < sizeof(*ip))
		return MALFORMED;
	if (ip->tot_len)	/* 0: longer than 64 KiB, see iph_totlen() in linux/ip.h */
		cur->left = bpf_ntohs(ip->tot_len);
	if (!in_packet(cur, header))
		return MALFORMED;

	set_ipv4(packet, packet->key->source, HASH_SOURCE, ip->saddr);
	set_ipv4(packet, packet->key->destination, HASH_DESTINATION, ip->daddr);
	packet->protocol = ip->protocol;
	packet->kind = FLOW_IPV4;
	if (ip->frag_off & bpf_htons(IP_OFFSET)) {
		packet->kind |= FLOW_FRAGMENT;
		return PARSED;
	}
	advance(cur, header);
	return parse_transport(cur, packet, IPPROTO_ICMP);
}

/* How long an extension header is, in bytes; 0 where the protocol is not one. */
static __always_inline __u32 ipv6_extension_length(__u8 protocol, __u8 length)
{
	switch (protocol) {
	case IPPROTO_HOPOPTS:
	case IPPROTO_ROUTING:
	case IPPROTO_DSTOPTS:
	case IPPROTO_MH:
	case IPPROTO_HIP:
	case IPPROTO_SHIM6:
		return (length + 1) * 8;
	case IPPROTO_AH:
		return (length + 2) * 4;
	case IPPROTO_FRAGMENT:
		return sizeof(struct ipv6_extension);
	default:
		return 0;
	}
}

static __always_inline enum parse_result parse_ipv6_extensions(struct cursor *cur,
							       struct packet *packet)
{
	const struct ipv6_extension *extension;
	void *start = cur->pos;
	__u32 offset = 0, length;
	int i;

	for (i = 0; i < IPV6_EXTENSIONS_MAX; i++) {
		if (!ipv6_extension_length(packet->protocol, 0))
			break;
		extension = cur->pos;
		if (!in_packet(cur, sizeof(*extension)))
			return MALFORMED;
		length = ipv6_extension_length(packet->protocol, extension->length);
		if (!in_packet(cur, length))
			return MALFORMED;
		if (packet->protocol == IPPROTO_FRAGMENT &&
		    extension->fragment_offset & bpf_htons(IPV6_FRAGMENT_OFFSET)) {
			packet->protocol = extension->next;
			packet->kind |= FLOW_FRAGMENT;
			return PARSED;
		}
		packet->protocol = forget(cur, extension->next);
		cur->left = forget(cur, cur->left - length);
		offset = forget(cur, offset + length) & IPV6_EXTENSIONS_MASK;
		cur->pos = start + offset;
	}
	return parse_transport(cur, packet, IPPROTO_ICMPV6);
}

static __always_inline enum parse_result parse_ipv6(struct cursor *cur, struct packet *packet)
{
	const struct ipv6hdr *ip = cur->pos;

	if (!in_frame(cur, sizeof(*ip)) || ip->version != 6)
		return MALFORMED;
	advance(cur, sizeof(*ip));
	if (ip->payload_len)	/* 0: a jumbogram, RFC 2675, or nothing follows */
		cur->left = bpf_ntohs(ip->payload_len);

	set_address(packet, packet->key->source, HASH_SOURCE, ip->saddr.in6_u.u6_addr32);
	set_address(packet, packet->key->destination, HASH_DESTINATION,
		    ip->daddr.in6_u.u6_addr32);
	packet->protocol = ip->nexthdr;
	packet->kind = FLOW_IPV6;
	return parse_ipv6_extensions(cur, packet);
}

static __always_inline enum parse_result parse_roce_v1(struct cursor *cur, struct packet *packet)
{
	const struct roce_grh *grh = cur->pos;
	const struct roce_bth *bth = (const void *)(grh + 1);

	if (!in_frame(cur, sizeof(*grh) + sizeof(*bth)))
		return MALFORMED;
	set_address(packet, packet->key->source, HASH_SOURCE, grh->source);
	set_address(packet, packet->key->destination, HASH_DESTINATION, grh->destination);
	packet->protocol = grh->next_header;
	packet->kind = FLOW_IPV6 | FLOW_ROCE_V1;
	set_queue_pair(packet, bth);
	return PARSED;
}

/* Of several tags the first that is set, the outer one, stays. */
static __always_inline void set_vlan(struct packet *packet, __u16 tci)
{
	if (!packet->vlan)
		packet->vlan = FLOW_VLAN_PRESENT | (tci & VLAN_VID_MASK);
}

static __always_inline int is_vlan(__be16 ethertype)
{
	return ethertype == bpf_htons(ETH_P_8021Q) || ethertype == bpf_htons(ETH_P_8021AD);
}

/* What an ethertype announces, from the cursor on. Others than these are for the caller to name. */
static __always_inline enum parse_result parse_network(struct cursor *cur, struct packet *packet,
							__be16 ethertype)
{
	switch (ethertype) {
	case bpf_htons(ETH_P_IP):
		return parse_ipv4(cur, packet);
	case bpf_htons(ETH_P_IPV6):
		return parse_ipv6(cur, packet);
	case bpf_htons(ETH_P_IBOE):
		return parse_roce_v1(cur, packet);
	}
	packet->ports = ethertype;
	packet->kind = FLOW_ETHERNET | FLOW_ETHERTYPE;
	return NO_NETWORK;
}

/* A frame from its Ethernet header on. */
static __always_inline enum parse_result parse_ethernet(struct cursor *cur,
							struct packet *packet)
{
	const struct ethhdr *eth = cur->pos;
	const struct vlan_header *vlan;
	enum parse_result result;
	__be16 ethertype;
	int i;

	if (!in_frame(cur, sizeof(*eth)))
		return MALFORMED;
	advance(cur, sizeof(*eth));
	ethertype = *(const __be16 *)((void *)eth + offsetof(struct ethhdr, h_proto));
#pragma unroll
	for (i = 0; i < VLAN_TAGS_MAX; i++) {
		if (!is_vlan(ethertype))
			break;
		vlan = cur->pos;
		if (!in_frame(cur, sizeof(*vlan)))
			return MALFORMED;
		advance(cur, sizeof(*vlan));
		ethertype = vlan->ethertype;
		set_vlan(packet, bpf_ntohs(vlan->tci));
	}
	result = parse_network(cur, packet, ethertype);
	if (result != NO_NETWORK)
		return result;
	/* Below ETH_P_802_3_MIN it is a length, and an LLC header follows. */
	if (bpf_ntohs(ethertype) < ETH_P_802_3_MIN)
		packet->ports = bpf_htons(ETH_P_802_2);
	set_mac(packet, packet->key->source, HASH_SOURCE, eth->h_source);
	set_mac(packet, packet->key->destination, HASH_DESTINATION, eth->h_dest);
	return PARSED;
}

/* A frame without an Ethernet header. There are no addresses that would fit where it is not IP. */
static __always_inline enum parse_result parse_bare(struct cursor *cur, struct packet *packet,
						    __be16 ethertype)
{
	enum parse_result result = parse_network(cur, packet, ethertype);

	if (result != NO_NETWORK)
		return result;
	packet->key->source[0] = packet->key->source[1] = 0;
	packet->key->destination[0] = packet->key->destination[1] = 0;
	return PARSED;
}

static __always_inline enum parse_result parse_ipoib(struct cursor *cur, struct packet *packet)
{
	const struct ipoib_header *header = cur->pos + IPOIB_PSEUDO_LEN;

	if (!in_frame(cur, IPOIB_PSEUDO_LEN + sizeof(*header)))
		return MALFORMED;
	advance(cur, IPOIB_PSEUDO_LEN + sizeof(*header));
	return parse_bare(cur, packet, header->ethertype);
}

#endif
