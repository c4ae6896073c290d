/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Decides whether a monitor keeps a flow. The filter is read-only data, so the verifier removes the code
 * of conditions that it does not have. XTrace.Core/Flows/FlowFilter.cs decides the same for counted flows.
 */
#ifndef XTRACE_FILTER_H
#define XTRACE_FILTER_H

#include <linux/in.h>
#include <linux/in6.h>
#include <bpf/bpf_endian.h>

#include "flow.h"
#include "hash.h"

#define DNS_PORT		53	/* RFC 1035 4.2 */

static __always_inline __u32 traffic_type(const struct flow_key *key)
{
	switch (key->kind & FLOW_PORTS_KIND) {
	case FLOW_ETHERTYPE:
		return TRAFFIC_ETHERNET;
	case FLOW_ROCE_V1:
		return TRAFFIC_ROCE_V1;
	case FLOW_ROCE_V2:
		return TRAFFIC_ROCE_V2;
	}
	switch (key->protocol) {
	case IPPROTO_TCP:
		return TRAFFIC_TCP;
	case IPPROTO_UDP:
		return TRAFFIC_UDP;
	case IPPROTO_SCTP:
		return TRAFFIC_SCTP;
	}
	if (key->protocol == IPPROTO_ICMP && (key->kind & FLOW_ADDRESS_KIND) == FLOW_IPV4)
		return TRAFFIC_ICMP;
	if (key->protocol == IPPROTO_ICMPV6 && (key->kind & FLOW_ADDRESS_KIND) == FLOW_IPV6)
		return TRAFFIC_ICMPV6;
	return TRAFFIC_IP;
}

static __always_inline _Bool has_protocols(void)
{
	return config.filter.protocols[0] | config.filter.protocols[1] |
	       config.filter.protocols[2] | config.filter.protocols[3];
}

static __always_inline _Bool is_protocol(const struct flow_key *key)
{
	__u64 word, bit = 1ULL << (key->protocol & 63);

	/* Each word by its own constant index, so that the verifier knows it. */
	switch (key->protocol >> 6) {
	case 0:
		word = config.filter.protocols[0];
		break;
	case 1:
		word = config.filter.protocols[1];
		break;
	case 2:
		word = config.filter.protocols[2];
		break;
	default:
		word = config.filter.protocols[3];
	}
	return (word & bit) && (key->kind & FLOW_ADDRESS_KIND) != FLOW_ETHERNET;
}

static __always_inline _Bool has_port(const struct flow_key *key, __be16 port)
{
	return (__be16)key->ports == port || (__be16)(key->ports >> 16) == port;
}

static __always_inline _Bool is_port(const struct flow_key *key)
{
	int i;

	if ((key->kind & FLOW_PORTS_KIND) != FLOW_PORTS)
		return 0;
#pragma unroll
	for (i = 0; i < FILTER_PORTS_MAX; i++) {
		if (i >= config.filter.ports)
			break;
		if (has_port(key, config.filter.port[i]))
			return 1;
	}
	return 0;
}

static __always_inline _Bool is_dns(const struct flow_key *key)
{
	return (key->kind & FLOW_PORTS_KIND) == FLOW_PORTS &&
	       (key->protocol == IPPROTO_UDP || key->protocol == IPPROTO_TCP) &&
	       has_port(key, bpf_htons(DNS_PORT));
}

static __always_inline _Bool is_within(const __u64 address[2], int network)
{
	return (address[0] & config.filter.network[network].mask[0]) == config.filter.network[network].address[0] &&
	       (address[1] & config.filter.network[network].mask[1]) == config.filter.network[network].address[1];
}

static __always_inline _Bool is_network(const struct flow_key *key)
{
	int i;

#pragma unroll
	for (i = 0; i < FILTER_NETWORKS_MAX; i++) {
		if (i >= config.filter.networks)
			break;
		if ((key->kind & FLOW_ADDRESS_KIND) == config.filter.network[i].kind &&
		    (is_within(key->source, i) || is_within(key->destination, i)))
			return 1;
	}
	return 0;
}

static __always_inline _Bool filter_keeps(const struct flow_key *key)
{
	/* The verifier removes code, but not the load of the value that decides: here that is one byte. */
	if (!config.filter.is_set)
		return 1;
	if (config.filter.traffic_types && !(config.filter.traffic_types >> traffic_type(key) & 1))
		return 0;
	if (has_protocols() && !is_protocol(key))
		return 0;
	if (config.filter.ports && !is_port(key))
		return 0;
	if (config.filter.exclude_dns && is_dns(key))
		return 0;
	return !config.filter.networks || is_network(key);
}

#endif
