// SPDX-License-Identifier: GPL-2.0
/*
 * Tells the process that lists queue pairs through RDMA netlink what netlink leaves out: the peer's address, the path MTU,
 * the service level and the traffic class. The kernel asks the driver with ib_query_qp for each queue pair that it lists;
 * this program reads the answer. It needs the kernel's BTF (CO-RE), and so is an object of its own.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "queue_pairs.h"

/* rdma/ib_verbs.h and rdma/restrack.h, as far as they are read. The loader moves each access to where the running kernel has the member. */
#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct rdma_restrack_entry {
	__u32 id;
};

struct ib_device {
	__u32 index;
};

struct ib_cq {
	struct rdma_restrack_entry res;
};

struct ib_qp {
	struct ib_device *device;
	struct ib_cq *send_cq;
	__u32 qp_num;
};

union ib_gid {
	__u8 raw[16];
};

struct ib_global_route {
	union ib_gid dgid;
	__u8 sgid_index;
	__u8 traffic_class;
};

struct ib_ah_attr {
	__u16 dlid;
};

struct opa_ah_attr {
	__u32 dlid;
};

enum rdma_ah_attr_type {
	RDMA_AH_ATTR_TYPE_IB = 1,
	RDMA_AH_ATTR_TYPE_OPA = 3,
};

struct rdma_ah_attr {
	struct ib_global_route grh;
	__u8 sl;
	__u8 ah_flags;
	enum rdma_ah_attr_type type;
	struct ib_ah_attr ib;
	struct opa_ah_attr opa;
};

enum ib_mtu {
	IB_MTU_256 = 1,
};

struct ib_qp_attr {
	enum ib_mtu path_mtu;
	struct rdma_ah_attr ah_attr;
	__u8 port_num;
};

#pragma clang attribute pop

#define AH_HAS_GRH 1 /* IB_AH_GRH, enum ib_ah_flags, rdma/ib_verbs.h */

/* The process whose listings are reported, with its PID namespace. Set before the program is loaded. */
const volatile struct queue_pair_reader reader = {};

/* Paths, until the reader takes them: room for those of 50,000 queue pairs. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 22);
} paths SEC(".maps");

static __always_inline void read_address(struct queue_pair_path *path, const struct rdma_ah_attr *address)
{
	path->service_level = address->sl;
	path->has_gid = address->ah_flags & AH_HAS_GRH;
	path->traffic_class = address->grh.traffic_class;
	path->sgid_index = address->grh.sgid_index;
	bpf_probe_read_kernel(path->dgid, sizeof(path->dgid), &address->grh.dgid);
	if (address->type == RDMA_AH_ATTR_TYPE_IB)
		path->dlid = address->ib.dlid;
	else if (address->type == RDMA_AH_ATTR_TYPE_OPA)
		/* Of a union, the verifier knows the first member alone. */
		bpf_probe_read_kernel(&path->dlid, sizeof(path->dlid), &address->opa.dlid);
}

static __always_inline _Bool asked_by_reader(void)
{
	struct bpf_pidns_info current = {};

	return !bpf_get_ns_current_pid_tgid(reader.namespace_device, reader.namespace_inode, &current, sizeof(current)) &&
	       current.tgid == reader.process;
}

SEC("fexit/ib_query_qp")
int BPF_PROG(xtrace_query_qp, struct ib_qp *qp, struct ib_qp_attr *attr, int mask, void *init, int result)
{
	struct queue_pair_path *path;

	if (result || !asked_by_reader())
		return 0;
	path = bpf_ringbuf_reserve(&paths, sizeof(*path), 0);
	if (!path)
		return 0;
	__builtin_memset(path, 0, sizeof(*path));
	path->instance = (__u64)qp;
	path->device = qp->device->index;
	path->number = qp->qp_num;
	path->completion_queue = qp->send_cq->res.id;
	path->port = attr->port_num;
	path->mtu = attr->path_mtu;
	read_address(path, &attr->ah_attr);
	bpf_ringbuf_submit(path, 0);
	return 0;
}

char _license[] SEC("license") = "GPL";
