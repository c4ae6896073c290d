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
#include "details.h"
#include "flow.h"
#include "hash.h"

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "keys are put together in little-endian words"
#endif

#define ENCAPSULATIONS_MAX	8	/* tags, labels and session headers of a frame */
#define ENCAPSULATIONS_MASK	0xff	/* more than this many take, with the link's own header */
#define VLAN_VID_MASK		0x0fff	/* linux/if_vlan.h, not in its uapi part */
#define IP_OFFSET		0x1fff	/* net/ip.h */
#define IPV6_FRAGMENT_OFFSET	0xfff8	/* IP6_OFFSET in net/ipv6.h */
#define EXTENSIONS_MAX		8	/* RFC 8504 5.3 lets a node set such a limit */
#define EXTENSIONS_MASK		0x7fff	/* more than this many of the longest, 2048 bytes, take */
#define IPPROTO_SHIM6		140	/* RFC 5533; no kernel header names it */
#define IPPROTO_HIP		139	/* RFC 7401 */
#define ETH_P_IBOE		0x8915	/* RoCE v1, linux/if_ether.h since 3.9 */
#define ROCE_V2_UDP_PORT	4791	/* ROCE_V2_UDP_DPORT in rdma/ib_verbs.h */

struct vlan_header {		/* struct vlan_hdr in linux/if_vlan.h */
	__be16 tci;
	__be16 ethertype;
};

struct hsr_header {		/* struct hsr_tag and what follows it, net/hsr/hsr_main.h */
	__be16 path_length;
	__be16 sequence;
	__be16 ethertype;
};

struct macsec_header {		/* struct macsec_eth_header in drivers/net/macsec.c, from its tag on */
	__u8 flags;
	__u8 short_length;
	__be32 packet_number;
	__be16 ethertype;	/* behind the SCI, if there is one */
} __attribute__((packed));

#define MACSEC_VERSION		0x80
#define MACSEC_SCI		0x20
#define MACSEC_CHANGED		0x0c	/* encrypted, or changed otherwise */
#define MACSEC_SCI_LEN		8

struct mpls_label {		/* struct mpls_label in linux/mpls.h */
	__be32 entry;
};

#define MPLS_BOTTOM		0x100	/* MPLS_LS_S_MASK */

struct pppoe_session {		/* struct pppoe_hdr in linux/if_pppox.h, and the PPP protocol */
	__u8 version_type;
	__u8 code;
	__be16 session;
	__be16 length;
	__u8 protocol[2];	/* one byte, if that is odd: RFC 1661 6.5 */
} __attribute__((packed));

#define PPPOE_HEADER_LEN	6
#define PPPOE_VERSION_TYPE	0x11
#define PPP_IPV4		0x21	/* PPP_IP in linux/ppp_defs.h */
#define PPP_IPV6		0x57

struct llc_header {		/* IEEE 802.2, with the SNAP header of RFC 1042 */
	__u8 dsap;
	__u8 ssap;
	__u8 control;
	__u8 oui[3];
	__be16 ethertype;
};

#define LLC_LEN			3
#define LLC_SNAP		0xaa	/* LLC_SAP_SNAP in linux/llc.h */
#define LLC_UNNUMBERED		0x03

struct ipv6_jumbo {		/* struct hop_jumbo_hdr in net/ipv6.h: RFC 2675 */
	__u8 next;
	__u8 length;
	__u8 option;
	__u8 option_length;
	__be32 payload_length;
};

#define IPV6_TLV_JUMBO_		194	/* IPV6_TLV_JUMBO in linux/in6.h since 3.11 */
#define IPV6_PAYLOAD_MAX	0xffff

struct ip_extension {		/* struct ipv6_opt_hdr in linux/ipv6.h, frag_hdr in net/ipv6.h */
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
 * The start of a frame on an IPoIB interface in the network stack. The pseudo header
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

#define GRH_NEXT_BTH	0x1b	/* IB_GRH_NEXT_HDR in rdma/ib_hdrs.h */

struct roce_bth {		/* Base Transport Header, IBTA specification vol. 1, 9.2 */
	__u8 opcode;
	__u8 flags;
	__be16 partition;
	__be32 reserved_queue_pair;	/* 8 and 24 bits */
	__be32 sequence;
};

#define NO_LIMIT	0x7fffffff	/* for a cursor */

enum parse_result {
	PARSED,
	MALFORMED,
	NO_NETWORK,	/* no network layer that is known */
	NOT_PLAIN,	/* for parse_frame() to look at: see parse_plain() */
};

/*
 * The result for a frame: the addresses go straight to their place in the key, the
 * rest, which one word of the key holds, is put together at the end.
 */
struct packet {
	struct flow_key *key;
#ifdef XTRACE_DETAILS
	struct flow_details *seen;
#endif
	__u64 hash;
	__u32 ports;
	__u8 protocol;
	__u8 kind;
	__u16 vlan;
	__u16 jumbo;	/* length of a header with the jumbogram option, which no segment has */
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
	packet->hash += hash_word(seed + 3, from);
	to[0] = 0;
	to[1] = (__u64)from << 32 | bpf_htonl(0x0000ffff);
	/* At once, so that no more than one address and its part of the hash are held in registers. */
	barrier_var(packet->hash);
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

/* In bytes. Not by the bit field, whose place depends on the byte order. */
static __always_inline __u32 tcp_header_length(const struct tcphdr *tcp)
{
	return (((const __u8 *)tcp)[12] & 0xf0) >> 2;
}

static __always_inline enum parse_result parse_tcp(struct cursor *cur, struct packet *packet)
{
	const struct tcphdr *tcp = cur->pos;

	if (!in_packet(cur, sizeof(*tcp)))
		return MALFORMED;
	/* Too short becomes very long. */
	if (tcp_header_length(tcp) - (__u32)sizeof(*tcp) > cur->left - (__u32)sizeof(*tcp))
		return MALFORMED;
	packet->ports = *(const __u32 *)tcp;
	packet->kind |= FLOW_PORTS;
	see_tcp(SEEN(packet), tcp);
	return PARSED;
}

/* 0 is the length of a jumbogram over IPv6, RFC 2675 4, and over IPv4 of what is longer than 64 KiB. */
static __always_inline _Bool is_udp_length(const struct cursor *cur, const struct udphdr *udp, __u8 icmp)
{
	if (likely(udp->len & bpf_htons(0xfff8)))	/* the header's 8 bytes or more */
		return 1;
	return !udp->len && (icmp == IPPROTO_ICMPV6 || cur->left > IPV6_PAYLOAD_MAX - sizeof(struct iphdr));
}

static __always_inline enum parse_result parse_udp(struct cursor *cur, struct packet *packet,
						   __u8 icmp, const _Bool is_plain)
{
	const struct udphdr *udp = cur->pos;
	const struct roce_bth *bth = (const void *)(udp + 1);

	if (!in_packet(cur, sizeof(*udp)) || !is_udp_length(cur, udp, icmp))
		return MALFORMED;
	if (udp->dest == bpf_htons(ROCE_V2_UDP_PORT)) {
		if (in_packet(cur, sizeof(*udp) + sizeof(*bth)) &&
		    bpf_ntohs(udp->len) >= sizeof(*udp) + sizeof(*bth)) {
			set_queue_pair(packet, bth);
			packet->kind |= FLOW_ROCE_V2;
			return PARSED;
		}
		if (is_plain)
			return NOT_PLAIN;
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
							 __u8 icmp, const _Bool is_plain)
{
	__u8 protocol = packet->protocol;

	if (protocol == IPPROTO_TCP)
		return parse_tcp(cur, packet);
	if (protocol == IPPROTO_UDP)
		return parse_udp(cur, packet, icmp, is_plain);
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

/*
 * How long an extension header is, in bytes; 0 where the protocol is not one. To IPv4, which icmp tells
 * from IPv6, the authentication header is the only one.
 */
static __always_inline __u32 extension_length(__u8 protocol, __u8 length, __u8 icmp)
{
	if (icmp == IPPROTO_ICMP && protocol != IPPROTO_AH)
		return 0;
	switch (protocol) {
	case IPPROTO_HOPOPTS:
	case IPPROTO_ROUTING:
	case IPPROTO_DSTOPTS:
	case IPPROTO_MH:
	case IPPROTO_HIP:
	case IPPROTO_SHIM6:
		return (length + 1) * 8;
	case IPPROTO_AH:
		/* 12 bytes for a length of 1. A length of 0 is too short, and becomes longer than any frame. */
		return sizeof(struct ip_auth_hdr) + ((length - 1) & 0xffff) * 4;
	case IPPROTO_FRAGMENT:
		return sizeof(struct ip_extension);
	default:
		return 0;
	}
}

static __always_inline enum parse_result parse_extensions(struct cursor *cur, struct packet *packet,
							  __u8 icmp)
{
	const struct ip_extension *extension;
	void *start = cur->pos;
	__u32 offset = 0, length;
	int i;

	for (i = 0; i < EXTENSIONS_MAX; i++) {
		if (!extension_length(packet->protocol, 0, icmp))
			break;
		extension = cur->pos;
		if (!in_packet(cur, sizeof(*extension)))
			return MALFORMED;
		length = extension_length(packet->protocol, extension->length, icmp);
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
		offset = forget(cur, offset + length) & cur->offsets;
		cur->pos = start + offset;
	}
	return parse_transport(cur, packet, icmp, 0);
}

static __always_inline enum parse_result parse_ipv4(struct cursor *cur, struct packet *packet,
						    const _Bool is_plain)
{
	const struct iphdr *ip = cur->pos;
	__u32 header;

	if (!in_frame(cur, sizeof(*ip)) || ip->version != 4)
		return MALFORMED;
	header = ip->ihl * 4;
	if (header < sizeof(*ip))
		return MALFORMED;
	if (is_plain && !ip->tot_len)
		return NOT_PLAIN;
	/* 0: longer than 64 KiB, see iph_totlen() in linux/ip.h */
	set_left(cur, likely(ip->tot_len) ? bpf_ntohs(ip->tot_len) : cur->left);
	if (!in_packet(cur, header))
		return MALFORMED;

	set_ipv4(packet, packet->key->source, HASH_SOURCE, ip->saddr);
	set_ipv4(packet, packet->key->destination, HASH_DESTINATION, ip->daddr);
	packet->protocol = ip->protocol;
	packet->kind = FLOW_IPV4;
	see_ipv4(SEEN(packet), ip);
	if (ip->frag_off & bpf_htons(IP_OFFSET)) {
		packet->kind |= FLOW_FRAGMENT;
		return PARSED;
	}
	advance(cur, header);
	if (unlikely(packet->protocol == IPPROTO_AH))
		return is_plain ? NOT_PLAIN : parse_extensions(cur, packet, IPPROTO_ICMP);
	return parse_transport(cur, packet, IPPROTO_ICMP, is_plain);
}

/*
 * The length of an IPv6 packet whose header says 0. Nothing follows, unless the jumbogram option gives a length, or there is
 * more than the field can hold. Newer kernels merge and segment such packets without the option.
 */
static __always_inline __u32 jumbo_length(struct cursor *cur, struct packet *packet)
{
	const struct ipv6hdr *ip = cur->pos;
	const struct ipv6_jumbo *jumbo = (const void *)(ip + 1);
	__u32 length;

	if (ip->nexthdr == IPPROTO_HOPOPTS && in_frame(cur, sizeof(*ip) + sizeof(*jumbo)) &&
	    jumbo->option == IPV6_TLV_JUMBO_ && jumbo->option_length == sizeof(jumbo->payload_length)) {
		if (!jumbo->length)
			packet->jumbo = sizeof(*jumbo);
		length = bpf_ntohl(jumbo->payload_length);
		return likely(length < NO_LIMIT) ? sizeof(*ip) + length : NO_LIMIT;
	}
	return cur->left > sizeof(*ip) + IPV6_PAYLOAD_MAX ? cur->left : sizeof(*ip);
}

static __always_inline enum parse_result parse_ipv6(struct cursor *cur, struct packet *packet,
						    const _Bool is_plain)
{
	const struct ipv6hdr *ip = cur->pos;

	if (!in_frame(cur, sizeof(*ip)) || ip->version != 6)
		return MALFORMED;
	if (is_plain && (!ip->payload_len || extension_length(ip->nexthdr, 0, IPPROTO_ICMPV6)))
		return NOT_PLAIN;
	set_left(cur, likely(ip->payload_len) ? sizeof(*ip) + bpf_ntohs(ip->payload_len) : jumbo_length(cur, packet));
	if (!in_packet(cur, sizeof(*ip)))
		return MALFORMED;
	advance(cur, sizeof(*ip));

	set_address(packet, packet->key->source, HASH_SOURCE, ip->saddr.in6_u.u6_addr32);
	set_address(packet, packet->key->destination, HASH_DESTINATION,
		    ip->daddr.in6_u.u6_addr32);
	packet->protocol = ip->nexthdr;
	packet->kind = FLOW_IPV6;
	see_ipv6(SEEN(packet), ip);
	if (is_plain)
		return parse_transport(cur, packet, IPPROTO_ICMPV6, 1);
	return parse_extensions(cur, packet, IPPROTO_ICMPV6);
}

static __always_inline enum parse_result parse_roce_v1(struct cursor *cur, struct packet *packet)
{
	const struct roce_grh *grh = cur->pos;
	const struct roce_bth *bth = (const void *)(grh + 1);

	if (!in_frame(cur, sizeof(*grh) + sizeof(*bth)))
		return MALFORMED;
	/* IBTA specification vol. 1, 8.3 */
	if (*(const __u8 *)grh >> 4 != 6 || grh->next_header != GRH_NEXT_BTH ||
	    bpf_ntohs(grh->payload_length) < sizeof(*bth))
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

static __always_inline _Bool is_vlan(__be16 ethertype)
{
	switch (ethertype) {
	case bpf_htons(ETH_P_8021Q):
	case bpf_htons(ETH_P_8021AD):
	case bpf_htons(ETH_P_QINQ1):
	case bpf_htons(ETH_P_QINQ2):
	case bpf_htons(ETH_P_QINQ3):
		return 1;
	default:
		return 0;
	}
}

static __always_inline _Bool is_ip(__be16 ethertype)
{
	return ethertype == bpf_htons(ETH_P_IP) || ethertype == bpf_htons(ETH_P_IPV6);
}

static __always_inline _Bool is_mpls(__be16 ethertype)
{
	return ethertype == bpf_htons(ETH_P_MPLS_UC) || ethertype == bpf_htons(ETH_P_MPLS_MC);
}

/* One header between Ethernet and IP. */
struct tag {
	__be16 ethertype;	/* announces it, and then what it announces */
	__u32 size;
};

static __always_inline enum parse_result enter_vlan(struct cursor *cur, struct packet *packet, struct tag *tag)
{
	const struct vlan_header *vlan = cur->pos;

	if (!in_frame(cur, sizeof(*vlan)))
		return MALFORMED;
	set_vlan(packet, bpf_ntohs(vlan->tci));
	tag->size = sizeof(*vlan);
	tag->ethertype = vlan->ethertype;
	return PARSED;
}

/* What a label stack carries nothing says. IP is told by its version; a pseudowire's control word begins with 0 or 1. */
static __always_inline enum parse_result enter_mpls(struct cursor *cur, struct tag *tag)
{
	const struct mpls_label *label = cur->pos;
	__u8 version;

	if (!in_frame(cur, sizeof(*label)))
		return MALFORMED;
	tag->size = sizeof(*label);
	if (!(label->entry & bpf_htonl(MPLS_BOTTOM)))
		return PARSED;
	if (!in_frame(cur, sizeof(*label) + 1))
		return NO_NETWORK;
	version = *(const __u8 *)(label + 1) >> 4;
	if (version == 4)
		tag->ethertype = bpf_htons(ETH_P_IP);
	else if (version == 6)
		tag->ethertype = bpf_htons(ETH_P_IPV6);
	else
		return NO_NETWORK;
	return PARSED;
}

static __always_inline enum parse_result enter_pppoe(struct cursor *cur, struct tag *tag)
{
	const struct pppoe_session *session = cur->pos;
	__u32 length, protocol, protocol_size;

	if (!in_frame(cur, PPPOE_HEADER_LEN))
		return MALFORMED;
	if (session->version_type != PPPOE_VERSION_TYPE || session->code)
		return NO_NETWORK;
	length = bpf_ntohs(session->length);
	if (!length || !in_frame(cur, PPPOE_HEADER_LEN + 1))
		return MALFORMED;
	protocol = session->protocol[0];
	protocol_size = 1;
	if (!(protocol & 1)) {
		if (length < sizeof(session->protocol) || !in_frame(cur, sizeof(*session)))
			return MALFORMED;
		protocol = protocol << 8 | session->protocol[1];
		protocol_size = sizeof(session->protocol);
	}
	if (protocol == PPP_IPV4)
		tag->ethertype = bpf_htons(ETH_P_IP);
	else if (protocol == PPP_IPV6)
		tag->ethertype = bpf_htons(ETH_P_IPV6);
	else
		return NO_NETWORK;
	tag->size = PPPOE_HEADER_LEN + protocol_size;
	cur->limit = length - protocol_size;
	return PARSED;
}

/* An 802.3 frame: what stands where an ethertype does is the length of what follows. */
static __always_inline enum parse_result enter_snap(struct cursor *cur, struct tag *tag)
{
	const struct llc_header *llc = cur->pos;
	__u32 length = bpf_ntohs(tag->ethertype);

	if (length < LLC_LEN || !in_frame(cur, LLC_LEN) ||
	    llc->dsap != LLC_SNAP || llc->ssap != LLC_SNAP || llc->control != LLC_UNNUMBERED)
		return NO_NETWORK;
	if (length < sizeof(*llc) || !in_frame(cur, sizeof(*llc)))
		return MALFORMED;
	/* Of another organisation's number only that knows what it means. */
	if (llc->oui[0] | llc->oui[1] | llc->oui[2] || !is_ip(llc->ethertype))
		return NO_NETWORK;
	tag->size = sizeof(*llc);
	tag->ethertype = llc->ethertype;
	cur->limit = length - sizeof(*llc);
	return PARSED;
}

/* Whether the tag has an SCI, as far as its version is known, that ends behind the frame. */
static __always_inline _Bool has_cut_sci(const struct cursor *cur, const struct macsec_header *macsec)
{
	return (macsec->flags & (MACSEC_VERSION | MACSEC_SCI)) == MACSEC_SCI && !in_frame(cur, sizeof(*macsec) + MACSEC_SCI_LEN);
}

static __always_inline enum parse_result enter_macsec(struct cursor *cur, struct tag *tag)
{
	const struct macsec_header *macsec = cur->pos;

	if (!in_frame(cur, sizeof(*macsec)))
		return MALFORMED;
	if (macsec->flags & (MACSEC_VERSION | MACSEC_CHANGED))
		return has_cut_sci(cur, macsec) ? MALFORMED : NO_NETWORK;
	tag->size = sizeof(*macsec);
	tag->ethertype = macsec->ethertype;
	if (!(macsec->flags & MACSEC_SCI))
		return PARSED;
	tag->size += MACSEC_SCI_LEN;
	if (!in_frame(cur, sizeof(*macsec) + MACSEC_SCI_LEN))
		return MALFORMED;
	tag->ethertype = ((const struct macsec_header *)((const void *)macsec + MACSEC_SCI_LEN))->ethertype;
	return PARSED;
}

static __always_inline enum parse_result enter_hsr(struct cursor *cur, struct tag *tag)
{
	const struct hsr_header *hsr = cur->pos;

	if (!in_frame(cur, sizeof(*hsr)))
		return MALFORMED;
	tag->size = sizeof(*hsr);
	tag->ethertype = hsr->ethertype;
	return PARSED;
}

/* NO_NETWORK where the tag is none that is known, or carries nothing that is. */
static __always_inline enum parse_result enter_tag(struct cursor *cur, struct packet *packet, struct tag *tag)
{
	if (is_vlan(tag->ethertype))
		return enter_vlan(cur, packet, tag);
	if (is_mpls(tag->ethertype))
		return enter_mpls(cur, tag);
	switch (tag->ethertype) {
	case bpf_htons(ETH_P_PPP_SES):
		return enter_pppoe(cur, tag);
	case bpf_htons(ETH_P_MACSEC):
		return enter_macsec(cur, tag);
	case bpf_htons(ETH_P_HSR):
		return enter_hsr(cur, tag);
	default:
		return NO_NETWORK;
	}
}

/* The place of a frame's headers: the offset of the header that the ethertype announces. */
struct below {
	__u32 offset;
	__be16 ethertype;
};

/*
 * Puts the cursor there. What the verifier knew of the way is forgotten: it follows what comes next once, not for every kind of
 * link and number of tags.
 */
static __always_inline void go_below(struct cursor *cur, struct packet *packet, void *frame, struct below *below)
{
	below->offset = forget(cur, below->offset) & ENCAPSULATIONS_MASK;
	below->ethertype = forget(cur, below->ethertype);
	packet->vlan = forget(cur, packet->vlan);
	cur->limit = forget(cur, cur->limit);
	cur->pos = frame + below->offset;
}

/*
 * Goes over all tags, to what the last one announces. Below min_type an ethertype is a length; 0 where the link has none. (A yes
 * or no in its place would have the verifier follow the loop twice.)
 */
static __always_inline enum parse_result enter_tags(struct cursor *cur, struct packet *packet, void *frame,
						    struct below *below, __u32 min_type)
{
	enum parse_result result = NO_NETWORK;
	struct tag tag;
	int i;

	/* The tag that the stack has taken off is one of them. */
	for (i = !!packet->vlan; i < ENCAPSULATIONS_MAX; i++) {
		tag.ethertype = below->ethertype;
		if (bpf_ntohs(tag.ethertype) < min_type)
			result = enter_snap(cur, &tag);
		else
			result = enter_tag(cur, packet, &tag);
		if (result != PARSED)
			break;
		below->offset += tag.size;
		below->ethertype = tag.ethertype;
		go_below(cur, packet, frame, below);
	}
	return result;
}

/* What an ethertype announces, from the cursor on. Others than these are for the caller to name. */
static __always_inline enum parse_result parse_network(struct cursor *cur, struct packet *packet,
							__be16 ethertype)
{
	switch (ethertype) {
	case bpf_htons(ETH_P_IP):
		return parse_ipv4(cur, packet, 0);
	case bpf_htons(ETH_P_IPV6):
		return parse_ipv6(cur, packet, 0);
	case bpf_htons(ETH_P_IBOE):
		return parse_roce_v1(cur, packet);
	}
	packet->ports = ethertype;
	packet->kind = FLOW_ETHERNET | FLOW_ETHERTYPE;
	return NO_NETWORK;
}

#define ROUTER_ALERT_LEN	4	/* RFC 2113; IGMP has it */

/* The checksum of RFC 791 over a header of this length. */
static __always_inline _Bool is_checksum_right(const struct iphdr *ip, const void *end, const __u32 length)
{
	__u32 sum;

	if ((const void *)ip + length > end || ip->ihl * 4 != length)
		return 0;
	sum = bpf_csum_diff(0, 0, (void *)ip, length, 0);
	sum = (sum & 0xffff) + (sum >> 16);
	return (sum & 0xffff) + (sum >> 16) == 0xffff;
}

/*
 * The kernel loops a host's own multicast and broadcast back into the stack, without an Ethernet header:
 * dev_loopback_xmit() in net/core/dev.c. TC is told so (PACKET_LOOPBACK); generic XDP is not, it gets a buffer that
 * begins with the IP header. What would be malformed, or a frame without a network layer, is taken for such a buffer
 * if it is a whole IP packet from its first byte to its last.
 */
static __always_inline _Bool is_looped_back(const struct cursor *cur, const void *frame, __u32 length)
{
	const struct iphdr *ip = frame;
	const struct ipv6hdr *ip6 = frame;

	if ((const void *)(ip + 1) > (const void *)cur->end)
		return 0;
	if (ip->version == 4)
		return bpf_ntohs(ip->tot_len) == length &&
		       (is_checksum_right(ip, cur->end, sizeof(*ip)) ||
			is_checksum_right(ip, cur->end, sizeof(*ip) + ROUTER_ALERT_LEN));
	if (ip->version != 6 || (const void *)(ip6 + 1) > (const void *)cur->end)
		return 0;
	/* IPv6 has no broadcast. */
	return bpf_ntohs(ip6->payload_len) + sizeof(*ip6) == length &&
	       ip6->daddr.in6_u.u6_addr8[0] == 0xff && ip6->saddr.in6_u.u6_addr8[0] != 0xff;
}

static __always_inline _Bool has_network(enum parse_result result, const struct packet *packet)
{
	return result == PARSED && packet->kind != (FLOW_ETHERNET | FLOW_ETHERTYPE);
}

/* Where there is no network layer: of whom the frame is. There are no addresses that would fit without Ethernet. */
static __always_inline _Bool set_macs(struct cursor *cur, struct packet *packet, const struct ethhdr *eth, _Bool has_macs)
{
	if (!has_macs) {
		packet->key->source[0] = packet->key->source[1] = 0;
		packet->key->destination[0] = packet->key->destination[1] = 0;
		return 1;
	}
	if ((const void *)(eth + 1) > cur->end)		/* never: it has been read */
		return 0;
	set_mac(packet, packet->key->source, HASH_SOURCE, eth->h_source);
	set_mac(packet, packet->key->destination, HASH_DESTINATION, eth->h_dest);
	return 1;
}

/* Goes over the frame's own header to what it announces; false where it is cut. */
static __always_inline _Bool enter_link(struct cursor *cur, __u32 link, struct below *below)
{
	const struct ipoib_header *ipoib = cur->pos + IPOIB_PSEUDO_LEN;
	const struct ethhdr *eth = cur->pos;

	if (link == LINK_ETHERNET || link == LINK_GENERIC) {
		if (!in_frame(cur, sizeof(*eth)))
			return 0;
		below->ethertype = *(const __be16 *)((void *)eth + offsetof(struct ethhdr, h_proto));
		below->offset = sizeof(*eth);
	} else if (link == LINK_IPOIB) {
		if (!in_frame(cur, IPOIB_PSEUDO_LEN + sizeof(*ipoib)))
			return 0;
		below->ethertype = ipoib->ethertype;
		below->offset = IPOIB_PSEUDO_LEN + sizeof(*ipoib);
	}
	return 1;
}

/*
 * The frames that nearly all are: IP behind an Ethernet header, and nothing about it that is rare. They get by without
 * the registers that the rest needs. False: parse_frame() is to look at it, in a function of its own.
 */
static __always_inline _Bool parse_plain(struct cursor *cur, struct packet *packet, __u32 link)
{
	const struct ethhdr *eth = cur->pos;
	__be16 ethertype;

	cur->limit = NO_LIMIT;
	if (unlikely(link != LINK_ETHERNET) || !in_frame(cur, sizeof(*eth)))
		return 0;
	ethertype = *(const __be16 *)((void *)eth + offsetof(struct ethhdr, h_proto));
	advance(cur, sizeof(*eth));
	if (ethertype == bpf_htons(ETH_P_IP))
		return parse_ipv4(cur, packet, 1) == PARSED;
	if (ethertype == bpf_htons(ETH_P_IPV6))
		return parse_ipv6(cur, packet, 1) == PARSED;
	return 0;
}

/*
 * A frame of any kind of interface, link, from the cursor on. Where it begins with an IP header, protocol is the
 * ethertype that the kernel has of it. How much is left is the frame's length.
 */
static __always_inline enum parse_result parse_frame(struct cursor *cur, struct packet *packet,
						     __u32 link, __be16 protocol)
{
	struct below below = { .ethertype = protocol };
	__u32 length = forget(cur, cur->left);
	void *frame = cur->pos;
	enum parse_result result = PARSED;
	_Bool has_macs;

	cur->limit = NO_LIMIT;
	link = forget(cur, link);
	if (!enter_link(cur, link, &below))
		return MALFORMED;
	has_macs = forget(cur, link == LINK_ETHERNET || link == LINK_GENERIC);
	go_below(cur, packet, frame, &below);
	if (!is_ip(below.ethertype)) {
		result = enter_tags(cur, packet, frame, &below, forget(cur, has_macs ? ETH_P_802_3_MIN : 0));
		go_below(cur, packet, frame, &below);
	}
	cur->left = forget(cur, length - below.offset);
	if (result != MALFORMED)
		result = parse_network(cur, packet, below.ethertype);
	if (result != NO_NETWORK)
		return result;
	/* Below ETH_P_802_3_MIN it is a length, and an LLC header follows. */
	if (has_macs && bpf_ntohs(below.ethertype) < ETH_P_802_3_MIN)
		packet->ports = bpf_htons(ETH_P_802_2);
	return set_macs(cur, packet, frame, has_macs) ? PARSED : MALFORMED;
}

#endif
