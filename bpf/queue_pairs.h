/* SPDX-License-Identifier: GPL-2.0 */
/* What queue_pairs.bpf.c tells of a queue pair. XTrace.Core/Rdma/QueuePairPath.cs mirrors it. */
#ifndef XTRACE_QUEUE_PAIRS_H
#define XTRACE_QUEUE_PAIRS_H

#include <linux/types.h>

/* The path of a queue pair, as the driver answered a query. */
struct queue_pair_path {
	__u64 instance;		/* where the kernel has the queue pair: another one is elsewhere, or has another queue */
	__u32 device;		/* the device's index, as in RDMA netlink */
	__u32 number;
	__u32 completion_queue;	/* the number of its send completion queue, which no later queue gets */
	__u32 port;
	__u32 dlid;		/* the peer's local identifier; 0 on Ethernet */
	__u8 mtu;		/* enum ib_mtu: 1 is 256 bytes, 5 is 4,096; 0 is unknown */
	__u8 service_level;
	__u8 has_gid;		/* whether the packets have a global route header: dgid, sgid_index and traffic_class count */
	__u8 traffic_class;
	__u8 sgid_index;	/* the index of the own address in the port's GID table */
	__u8 reserved[7];
	__u8 dgid[16];		/* the peer's GID, in network byte order */
};

/* A process, by its number in its PID namespace: device and inode of /proc/self/ns/pid. */
struct queue_pair_reader {
	__u64 namespace_device;
	__u64 namespace_inode;
	__u32 process;
	__u32 reserved;
};

#endif
