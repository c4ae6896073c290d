/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A cursor over a packet's headers. It knows two ends: where the memory ends that
 * the program may read, and how much is left by the length in the IP header, or
 * in a header below it that has a length. Padding lies between the two; nothing is
 * read from it.
 */
#ifndef XTRACE_CURSOR_H
#define XTRACE_CURSOR_H

#include <linux/types.h>
#include <bpf/bpf_helpers.h>

#ifndef likely
#define likely(condition)	__builtin_expect(!!(condition), 1)
#define unlikely(condition)	__builtin_expect(!!(condition), 0)
#endif

struct cursor {
	void *pos;
	void *end;
	__u32 left;		/* from the IP header on */
	__u32 limit;		/* how much of it there can be by a length below IP */
	__u32 offsets;		/* has room for all offsets behind an IP header */
	volatile __u32 *memory;	/* of a map: see forget() */
};

/*
 * Returns the value, but lets the verifier forget what it knows of it. The verifier
 * follows a loop with only such values once a round, not once for every way to it.
 * The memory belongs to a map.
 */
static __always_inline __u32 forget_in(volatile __u32 *memory, __u32 value)
{
	*memory = value;
	return *memory;
}

static __always_inline __u32 forget(const struct cursor *cur, __u32 value)
{
	return forget_in(cur->memory, value);
}

/* Below IP only the frame's end counts. */
static __always_inline _Bool in_frame(const struct cursor *cur, __u32 size)
{
	return cur->pos + size <= cur->end;
}

static __always_inline _Bool in_packet(struct cursor *cur, __u32 size)
{
	return cur->left >= size && in_frame(cur, size);
}

/* The length that the header before announces, unless the header around it leaves less room. */
static __always_inline void set_left(struct cursor *cur, __u32 length)
{
	cur->left = unlikely(length > cur->limit) ? cur->limit : length;
}

static __always_inline void advance(struct cursor *cur, __u32 size)
{
	cur->pos += size;
	cur->left -= size;
}

#endif
