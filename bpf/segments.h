/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Socket buffers that hold more than one frame: merged by GRO on their way in, or yet to
 * be segmented on their way out. On the wire each frame has headers of its own. The
 * buffer holds one copy of them.
 */
#ifndef XTRACE_SEGMENTS_H
#define XTRACE_SEGMENTS_H

#include "parse.h"
#include "table.h"

#define TUNNELS_MAX		3	/* one in the other */
#define SCAN_STEP		2	/* headers of tunnels are of even length */
#define SCAN_MAX		64	/* GUE with 20 bytes of fields, GRE with 16, Ethernet and two tags */
#define HEADERS_MASK		0x0fff	/* more than the headers of any buffer that can be segmented take */
#define ETH_P_TEB_		0x6558	/* ETH_P_TEB in linux/if_ether.h since 3.11 */

/* For an ethertype, what a frame begins with. As ethertypes they are lengths. */
#define LAYER_ETHERNET		bpf_htons(1)
#define LAYER_IPOIB		bpf_htons(2)

struct geneve_header {		/* struct genevehdr in net/geneve.h */
	__u8 version_options;	/* lower six bits: length of the options in 4 bytes */
	__u8 flags;
	__be16 ethertype;
	__be32 vni;		/* and a reserved byte */
};

#define GENEVE_VERSION		0xc0
#define GENEVE_OPTIONS		0x3f

/* The position of the walk: the offset of a header, and its kind. */
struct layer {
	__u32 offset;
	__be16 ethertype;
	__u8 protocol;		/* behind IP */
};

/* Goes over what lies below IP; false at IP, and where it cannot be told. */
static __always_inline _Bool enter_below(struct cursor *cur, struct layer *layer)
{
	struct tag tag = { .ethertype = layer->ethertype };
	struct packet packet = {};	/* whose tag is of no interest */

	if (layer->ethertype == LAYER_ETHERNET) {
		if (!in_frame(cur, sizeof(struct ethhdr)))
			return 0;
		layer->ethertype = *(const __be16 *)(cur->pos + offsetof(struct ethhdr, h_proto));
		layer->offset += sizeof(struct ethhdr);
		return 1;
	}
	if (layer->ethertype == LAYER_IPOIB) {
		if (!in_frame(cur, sizeof(struct ipoib_header)))
			return 0;
		layer->ethertype = ((const struct ipoib_header *)cur->pos)->ethertype;
		layer->offset += sizeof(struct ipoib_header);
		return 1;
	}
	if (enter_tag(cur, &packet, &tag) != PARSED)
		return 0;
	layer->ethertype = tag.ethertype;
	layer->offset += tag.size;
	return 1;
}

static __always_inline void walk_below(struct cursor *cur, void *data, struct layer *layer)
{
	int i;

	for (i = 0; i <= ENCAPSULATIONS_MAX; i++) {
		layer->offset = forget(cur, layer->offset) & HEADERS_MASK;
		layer->ethertype = forget(cur, layer->ethertype);
		cur->pos = data + layer->offset;
		if (!enter_below(cur, layer))
			break;
	}
}

static __always_inline _Bool enter_ipv4(struct cursor *cur, struct layer *layer)
{
	const struct iphdr *ip = cur->pos;

	if (!in_frame(cur, sizeof(*ip)) || ip->version != 4 || ip->ihl * 4 < sizeof(*ip))
		return 0;
	layer->protocol = ip->protocol;
	layer->offset += ip->ihl * 4;
	return 1;
}

static __always_inline _Bool enter_ipv6(struct cursor *cur, struct layer *layer)
{
	const struct ipv6hdr *ip = cur->pos;

	if (!in_frame(cur, sizeof(*ip)) || ip->version != 6)
		return 0;
	layer->protocol = ip->nexthdr;
	layer->offset += sizeof(*ip);
	return 1;
}

/* Goes over an IP header and its extensions; false where there is none. */
static __always_inline _Bool enter_ip(struct cursor *cur, void *data, struct layer *layer)
{
	const struct ip_extension *extension;
	int i;

	cur->pos = data + layer->offset;
	if (layer->ethertype == bpf_htons(ETH_P_IP) ? !enter_ipv4(cur, layer) :
	    layer->ethertype != bpf_htons(ETH_P_IPV6) || !enter_ipv6(cur, layer))
		return 0;
	for (i = 0; i <= EXTENSIONS_MAX; i++) {
		layer->offset = forget(cur, layer->offset) & HEADERS_MASK;
		layer->protocol = forget(cur, layer->protocol);
		extension = cur->pos = data + layer->offset;
		if (!extension_length(layer->protocol, 0, IPPROTO_ICMPV6))
			return 1;
		if (!in_frame(cur, sizeof(*extension)))
			return 0;
		layer->offset += extension_length(layer->protocol, extension->length, IPPROTO_ICMPV6);
		layer->protocol = extension->next;
	}
	return 0;
}

/* A length as a field of 16 bits holds it: 0 if it does not fit. There is no jump, because the loop around it has none. */
static __always_inline __u32 length_field(__s64 length)
{
	return length & (length - 0x10000) >> 63;
}

/*
 * The ethertype of an IP header whose packet ends where the buffer does, or 0. At least as much as an IPv4 header is there. The
 * kernel keeps the lengths in all headers so. A header with packets of its own in each segment has a shorter length.
 */
static __always_inline __be16 inner_ethertype(const void *pos, __u32 rest)
{
	__u32 version = *(const __u8 *)pos & 0xf0;
	__u32 length = bpf_ntohs(((const struct iphdr *)pos)->tot_len);
	__u32 payload = bpf_ntohs(((const struct ipv6hdr *)pos)->payload_len);

	if (!((version ^ 0x40) | (length ^ length_field(rest))))
		return bpf_htons(ETH_P_IP);
	if (!((version ^ 0x60) | (payload ^ length_field((__s64)rest - (__s64)sizeof(struct ipv6hdr)))))
		return bpf_htons(ETH_P_IPV6);
	return 0;
}

/* GENEVE's options, which are longer than what is scanned; 0 where it does not look like GENEVE. */
static __always_inline __u32 geneve_options(struct cursor *cur, const void *pos)
{
	const struct geneve_header *geneve = pos;

	if (pos + sizeof(*geneve) > cur->end || geneve->version_options & GENEVE_VERSION)
		return 0;
	if (geneve->ethertype != bpf_htons(ETH_P_TEB_) && !is_ip(geneve->ethertype))
		return 0;
	return (geneve->version_options & GENEVE_OPTIONS) * 4;
}

/*
 * Whether what looks like an inner header is one, where the outer one does not leave it out of question: the ethertype before
 * it says so, or IPv4's checksum, where there are no options. IPv6 has none; what it carries must fit.
 */
static __always_inline _Bool is_inner_sure(struct cursor *cur, const void *data, __u32 offset,
					   __be16 ethertype, __u32 rest)
{
	const __be16 *before = data + (forget(cur, offset - sizeof(*before)) & HEADERS_MASK);
	const void *pos = before + 1;
	const struct ipv6hdr *ip6 = pos;
	const struct tcphdr *tcp = (const void *)(ip6 + 1);

	if (pos + sizeof(struct iphdr) > cur->end)
		return 0;
	if (*before == ethertype)
		return 1;
	if (ethertype == bpf_htons(ETH_P_IP))
		return is_checksum_right(pos, cur->end, sizeof(struct iphdr));
	if ((const void *)(tcp + 1) > cur->end)
		return 0;
	if (ip6->nexthdr == IPPROTO_TCP)
		return tcp_header_length(tcp) >= sizeof(*tcp) && tcp->ack && !tcp->res1 && !tcp->syn && !tcp->rst;
	return ip6->nexthdr == IPPROTO_UDP &&
	       bpf_ntohs(((const struct udphdr *)tcp)->len) == rest - sizeof(*ip6);
}

/* Where the packet in a tunnel can be at the earliest. */
static __always_inline __u32 scan_start(struct cursor *cur, const struct layer *layer, _Bool *is_tunnel)
{
	const struct udphdr *udp = cur->pos;

	*is_tunnel = 1;
	if (layer->protocol != IPPROTO_UDP || !in_frame(cur, sizeof(*udp)))
		return layer->offset;
	/* Without a checksum the kernel neither merges datagrams nor has them segmented. */
	*is_tunnel = !udp->check;
	return layer->offset + sizeof(*udp);
}

/*
 * Finds the packet in a tunnel by the packet itself. So it does not matter what tunnel it is, which port it has, and what
 * lies between. Begins at scan, if that is set. False: there is none; otherwise either the layer is the packet's, or scan
 * says where to go on, behind what was none.
 */
static __always_inline _Bool find_inner(struct cursor *cur, void *data, struct layer *layer, __u32 length, __u32 *scan)
{
	_Bool is_tunnel;
	__u32 offset = scan_start(cur, layer, &is_tunnel), i;
	__u32 options = *scan ? 0 : geneve_options(cur, data + offset);
	__u32 end = offset + options;
	__be16 ethertype = 0;

	if (*scan)
		offset = *scan;
	end = forget(cur, end);
	options = forget(cur, options);
	is_tunnel = forget(cur, is_tunnel);
	for (i = 0; i < SCAN_MAX; i += SCAN_STEP) {
		offset = forget(cur, offset) & HEADERS_MASK;
		cur->pos = data + offset;
		if (cur->pos + sizeof(struct iphdr) > cur->end)
			break;
		ethertype = inner_ethertype(cur->pos, length - offset);
		if (ethertype)
			break;
		offset += SCAN_STEP;
	}
	/* From here on there is one state again, whatever round the loop ended in. */
	offset = forget(cur, offset) & HEADERS_MASK;
	ethertype = forget(cur, ethertype);
	if (!ethertype && options) {
		*scan = end;
		return 1;
	}
	if (!ethertype)
		return 0;
	*scan = 0;
	if (is_tunnel || is_inner_sure(cur, data, offset, ethertype, length - offset)) {
		layer->offset = offset;
		layer->ethertype = ethertype;
	} else {
		*scan = offset + SCAN_STEP;
	}
	return 1;
}

/*
 * Bytes of the headers that each frame repeats, from what the ethertype announces at data on; 0 where they cannot be told.
 * Length is the whole buffer's.
 */
static __always_inline __u32 headers_length(struct cursor *cur, void *data, __be16 ethertype, __u32 length)
{
	struct layer layer = { .ethertype = ethertype };
	__u32 scan = 0;
	int i;

	walk_below(cur, data, &layer);
	for (i = 0; i <= TUNNELS_MAX; i++) {
		layer.offset = forget(cur, layer.offset) & HEADERS_MASK;
		layer.ethertype = forget(cur, layer.ethertype);
		scan = forget(cur, scan);
		if (!scan && !enter_ip(cur, data, &layer))
			return 0;
		layer.offset = forget(cur, layer.offset) & HEADERS_MASK;
		layer.protocol = forget(cur, layer.protocol);
		cur->pos = data + layer.offset;
		if (layer.protocol == IPPROTO_TCP)
			return in_frame(cur, sizeof(struct tcphdr)) ? layer.offset + tcp_header_length(cur->pos) : 0;
		if (layer.protocol == IPPROTO_SCTP)
			return layer.offset + sizeof(struct sctp_header);
		if (layer.protocol == IPPROTO_ESP)
			return 0;
		if (!find_inner(cur, data, &layer, length, &scan))
			return layer.protocol == IPPROTO_UDP ? layer.offset + sizeof(struct udphdr) : 0;
	}
	return 0;
}

/*
 * The number of frames that a buffer is on the wire, and their bytes. A sender that is not trusted, such as a guest,
 * leaves the number for the kernel to work out (SKB_GSO_DODGY). This does the same.
 */
static __always_inline struct frames count_segments(struct flow_details *seen, __u32 headers, __u32 jumbo, __u32 length,
						    __u32 tag, __u32 segments, __u32 size)
{
	struct frames frames;

	/* The kernel puts the jumbogram option there for what is longer than 64 KiB, and takes it off where it segments. */
	if (headers > jumbo) {
		headers -= jumbo;
		length -= jumbo;
	}
	frames = (struct frames){ 1, length + tag };
	if (!segments && headers < length)
		segments = (length - headers + size - 1) / size;
	if (segments > 1) {
		frames.packets = segments;
		frames.bytes += (segments - 1) * (headers ? headers + tag : 0);
		see_segments(seen, frames.packets, frames.bytes, headers ? headers + tag : 0, size);
	}
	return frames;
}

#endif
