/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A socket that a process holds, as owners.bpf.c tells it and user space reads it.
 * XTrace.Core/Processes/SocketRow.cs mirrors it; the test AbiTests compares every
 * size and offset.
 */
#ifndef XTRACE_OWNERS_H
#define XTRACE_OWNERS_H

#include <linux/types.h>

/* The identity of a socket. Addresses and ports stand as they do in a frame; IPv4 is v4-mapped. */
struct socket_id {
	__u64 local[2];
	__u64 remote[2];
	__be16 local_port;
	__be16 remote_port;		/* 0 while the socket is not connected */
	__u32 net;			/* inode of its network namespace */
};

/* Bits of socket_row.flags. */
#define SOCKET_IPV6_ONLY	0x1	/* not connected, bound to ::, and yet takes no IPv4 */
#define SOCKET_HAS_TCP		0x2	/* the figures of TCP are set */
#define SOCKET_APP_LIMITED	0x4	/* the last delivery rate was limited by the application */

#define SOCKET_NAME_LENGTH	16	/* TASK_COMM_LEN, linux/sched.h */

struct socket_owner {
	__u64 cgroup;			/* id of the process's cgroup in the hierarchy of version 2; 0: unknown */
	__u32 pid;			/* in the PID namespace of the reader; 0: unknown */
	__u32 uid;			/* effective, of the process */
	char name[SOCKET_NAME_LENGTH];
};

/*
 * The last four are compared with each other alone, so their unit does not matter: jiffies from here, milliseconds from
 * sock_diag.
 */
struct socket_row {
	struct socket_id id;
	struct socket_owner owner;
	__u64 delivery_rate;		/* bytes a second */
	__u8 protocol;			/* IPPROTO_TCP or IPPROTO_UDP */
	__u8 state;			/* TCP_*, net/tcp_states.h */
	__u8 flags;
	__u8 unused;
	__u32 rtt_us;
	__u32 min_rtt_us;		/* all ones: not measured yet */
	__u32 retransmitted;		/* segments since the connection began */
	__u32 lost;			/* segments that the kernel considers lost now */
	__u32 window;			/* congestion window, in segments */
	__u32 busy;			/* time with data to send */
	__u32 receiver_limited;		/* of it, time in which the receiver's window was full */
	__u32 buffer_limited;		/* of it, time in which the send buffer was full */
	__u32 now;			/* when this was read */
};

/* The reader, as the first walk finds out. */
struct socket_reader {
	__u64 pid_namespace;		/* address of the PID namespace, whose numbers rows have; 0: not known yet */
	__u32 pid_level;		/* how deep it lies */
	__u32 host_net;			/* inode of the network namespace of its process 1; 0: not known */
};

#endif
