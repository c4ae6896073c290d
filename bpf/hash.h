/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The hash that places a flow: the sum of each 32-bit word of the key times a random
 * 64-bit number of its own. Its upper half is strongly universal (Dietzfelbinger 1996,
 * "Universal hashing and k-wise independent random variables via integer arithmetic
 * without primes"): whoever does not know the numbers cannot aim flows at one bucket.
 * Constant words, such as most of a v4-mapped address, add nothing to it.
 */
#ifndef XTRACE_HASH_H
#define XTRACE_HASH_H

#include "flow.h"

const volatile struct program_config config = { .buckets = 1, .points = 1 };

#define HASH_SOURCE		0	/* four words */
#define HASH_DESTINATION	4	/* four words */
#define HASH_PORTS		8
#define HASH_REST		9	/* protocol, kind, VLAN */
#define HASH_POINT		10

static __always_inline __u64 hash_word(__u32 seed, __u32 word)
{
	return config.hash_seed[seed] * word;
}

/*
 * Universal for pairs is not enough for a bucket's load: counting addresses or ports make
 * an arithmetic progression of the sum, which for unlucky numbers falls on few buckets.
 * Folding the halves together and multiplying once more breaks it up.
 */
static __always_inline __u32 hash_finish(__u64 sum)
{
	return (sum ^ sum >> 32) * 0x9e3779b97f4a7c15ULL >> 32;	/* 2^64 / golden ratio */
}

/* The hash of a key in memory: the sum that the parser makes while it goes through the frame. */
static __always_inline __u64 hash_key(const struct flow_key *key, __u32 point)
{
	/* The parser leaves out what all v4-mapped addresses have in common. */
	_Bool mapped = (key->kind & FLOW_ADDRESS_KIND) == FLOW_IPV4;
	const __u32 *word = (const __u32 *)key;
	__u64 sum = hash_word(HASH_POINT, point);
	__u32 i;

#pragma unroll
	for (i = 0; i < HASH_POINT; i++)
		if (!mapped || (i != HASH_SOURCE + 2 && i != HASH_DESTINATION + 2))
			sum += hash_word(i, word[i]);
	return sum;
}

#endif
