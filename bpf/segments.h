/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Socket buffers that hold more than one frame: merged by GRO on their way in, or yet to
 * be segmented on their way out. On the wire each of the frames has headers of its own,
 * of which the buffer holds one copy.
 */
#ifndef XTRACE_SEGMENTS_H
#define XTRACE_SEGMENTS_H

#include "parse.h"
#include "table.h"

#define TUNNELS_MAX		2	/* one in the other */
#define HEADERS_MASK		0x0fff	/* more than the headers of any buffer that can be segmented take */
#define VXLAN_PORT		4789	/* RFC 7348 */
#define VXLAN_LINUX_PORT	8472	/* the default in linux/drivers/net/vxlan */
#define GENEVE_PORT		6081	/* RFC 8926 */
#define ETH_P_TEB_		0x6558	/* ETH_P_TEB in linux/if_ether.h since 3.11 */

struct vxlan_header {		/* struct vxlanhdr in net/vxlan.h */
	__be32 flags;
	__be32 vni;
};

struct geneve_header {		/* struct genevehdr in net/geneve.h */
	__u8 version_options;	/* lower six bits: length of the options in 4 bytes */
	__u8 flags;
	__be16 ethertype;
	__be32 vni;
};

struct gre_header {		/* struct gre_base_hdr in net/gre.h */
	__be16 flags;
	__be16 ethertype;
};

#define GRE_CHECKSUM	0x8000	/* RFC 2784, RFC 2890: each adds 4 bytes */
#define GRE_KEY		0x2000
#define GRE_SEQUENCE	0x1000

/* Where the parser stands, as the offset of a header and what header it is. */
struct layer {
	__u32 offset;
	__be16 ethertype;	/* 0: protocol says what follows */
	__u8 protocol;
};

/* Goes from an IP header to what it carries. */
static __always_inline _Bool enter_ip(struct cursor *cur, void *data, struct layer *layer)
{
	const struct iphdr *ip = data + layer->offset;
	const struct ipv6hdr *ip6 = data + layer->offset;

	cur->pos = data + layer->offset;
	if (layer->ethertype == bpf_htons(ETH_P_IP)) {
		if (!in_frame(cur, sizeof(*ip)))
			return 0;
		layer->protocol = ip->protocol;
		layer->offset += ip->ihl * 4;
	} else if (layer->ethertype == bpf_htons(ETH_P_IPV6)) {
		if (!in_frame(cur, sizeof(*ip6)))
			return 0;
		layer->protocol = ip6->nexthdr;
		layer->offset += sizeof(*ip6);
	} else {
		return 0;
	}
	return 1;
}

/* Goes from a tunnel's header to the packet in it; false where there is none that is known. */
static __always_inline _Bool enter_tunnel(struct cursor *cur, void *data, struct layer *layer)
{
	const struct udphdr *udp = data + layer->offset;
	const struct geneve_header *geneve = (const void *)(udp + 1);
	const struct gre_header *gre = data + layer->offset;
	__be16 flags;

	cur->pos = data + layer->offset;
	switch (layer->protocol) {
	case IPPROTO_IPIP:
		layer->ethertype = bpf_htons(ETH_P_IP);
		return 1;
	case IPPROTO_IPV6:
		layer->ethertype = bpf_htons(ETH_P_IPV6);
		return 1;
	case IPPROTO_GRE:
		if (!in_frame(cur, sizeof(*gre)))
			return 0;
		flags = bpf_ntohs(gre->flags);
		layer->ethertype = gre->ethertype;
		layer->offset += sizeof(*gre) + !!(flags & GRE_CHECKSUM) * 4 + !!(flags & GRE_KEY) * 4 +
				 !!(flags & GRE_SEQUENCE) * 4;
		break;
	case IPPROTO_UDP:
		if (!in_frame(cur, sizeof(*udp)))
			return 0;
		if (udp->dest == bpf_htons(GENEVE_PORT)) {
			if (!in_frame(cur, sizeof(*udp) + sizeof(*geneve)))
				return 0;
			layer->ethertype = geneve->ethertype;
			layer->offset += sizeof(*udp) + sizeof(*geneve) + (geneve->version_options & 0x3f) * 4;
		} else if (udp->dest == bpf_htons(VXLAN_PORT) || udp->dest == bpf_htons(VXLAN_LINUX_PORT)) {
			layer->ethertype = bpf_htons(ETH_P_TEB_);
			layer->offset += sizeof(*udp) + sizeof(struct vxlan_header);
		} else {
			return 0;
		}
		break;
	default:
		return 0;
	}
	if (layer->ethertype == bpf_htons(ETH_P_TEB_)) {
		cur->pos = data + layer->offset;
		if (!in_frame(cur, sizeof(struct ethhdr)))
			return 0;
		layer->ethertype = ((const struct ethhdr *)cur->pos)->h_proto;
		layer->offset += sizeof(struct ethhdr);
	}
	return 1;
}

/* Bytes of the headers that each frame repeats; 0 where they cannot be told. */
static __always_inline __u32 headers_length(struct cursor *cur, void *data, __u8 protocol)
{
	struct layer layer = { .offset = cur->pos - data, .protocol = protocol };
	const struct tcphdr *tcp;
	int i;

	for (i = 0; i <= TUNNELS_MAX; i++) {
		layer.offset = forget(cur, layer.offset) & HEADERS_MASK;
		layer.protocol = forget(cur, layer.protocol);
		if (layer.protocol == IPPROTO_TCP) {
			tcp = cur->pos = data + layer.offset;
			return in_frame(cur, sizeof(*tcp)) ? layer.offset + tcp->doff * 4 : 0;
		}
		if (!enter_tunnel(cur, data, &layer)) {
			if (layer.protocol == IPPROTO_UDP)
				return layer.offset + sizeof(struct udphdr);
			if (layer.protocol == IPPROTO_SCTP)
				return layer.offset + sizeof(struct sctp_header);
			return 0;
		}
		layer.offset = forget(cur, layer.offset) & HEADERS_MASK;
		if (!enter_ip(cur, data, &layer))
			return 0;
	}
	return 0;
}

/*
 * How many frames a buffer is on the wire, and their bytes. A sender that is not trusted, such as a guest,
 * leaves their number for the kernel to work out (SKB_GSO_DODGY), as it is done here.
 */
static __always_inline struct frames count_segments(struct cursor *cur, void *data, __u8 protocol,
						    __u32 length, __u32 tag, __u32 segments, __u32 size)
{
	__u32 headers = headers_length(cur, data, protocol);
	struct frames frames = { 1, length + tag };

	if (!segments && headers < length)
		segments = (length - headers + size - 1) / size;
	if (segments > 1) {
		frames.packets = segments;
		frames.bytes += (segments - 1) * (headers ? headers + tag : 0);
	}
	return frames;
}

#endif
