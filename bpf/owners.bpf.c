// SPDX-License-Identifier: GPL-2.0
/*
 * The process that holds a socket, and the state of its TCP connection. The kernel knows both, so no packet pays for it. Needs the
 * kernel's BTF and Linux 5.11: an object of its own, which is loaded only when somebody asks.
 *
 * owners_all	walks the sockets of all processes, in all network namespaces, into the file that user space reads.
 * owners_end	writes down what happens to TCP connections between two walks.
 */
#include <linux/bpf.h>
#include <linux/in.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

#include "owners.h"

#define AF_INET		2		/* linux/socket.h */
#define AF_INET6	10
#define PF_KTHREAD	0x00200000	/* linux/sched.h */
#define SHUTDOWN_MASK	3		/* net/sock.h */
#define USEC_PER_SEC	1000000

/* net/tcp_states.h */
#define TCP_ESTABLISHED	1
#define TCP_SYN_SENT	2
#define TCP_FIN_WAIT1	4
#define TCP_CLOSE	7
#define TCP_CLOSE_WAIT	8
#define TCP_LAST_ACK	9
#define TCP_LISTEN	10

/* enum tcp_chrono, linux/tcp.h */
#define CHRONO_BUSY	1
#define CHRONO_RECEIVER	2
#define CHRONO_BUFFER	3

/* The fields of the kernel's structures that are read. libbpf finds their offsets in the running kernel. */
#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct ns_common {
	unsigned int inum;
};

struct net {
	struct ns_common ns;
};

typedef struct {
	struct net *net;
} possible_net_t;

struct in6_addr {
	union {
		__u8 u6_addr8[16];
	} in6_u;
};

struct sock_common {
	__be32 skc_daddr;
	__be32 skc_rcv_saddr;
	__be16 skc_dport;
	__u16 skc_num;
	unsigned short skc_family;
	volatile unsigned char skc_state;
	unsigned char skc_ipv6only : 1;
	possible_net_t skc_net;
	struct in6_addr skc_v6_daddr;
	struct in6_addr skc_v6_rcv_saddr;
};

struct sock {
	struct sock_common __sk_common;
	__u16 sk_protocol;
	__u8 sk_shutdown;
};

struct inet_sock {
	__be16 inet_sport;
};

struct minmax_sample {
	__u32 t;
	__u32 v;
};

struct minmax {
	struct minmax_sample s[3];
};

struct tcp_sock {
	__u32 srtt_us;
	struct minmax rtt_min;
	__u32 total_retrans;
	__u32 lost_out;
	__u32 snd_cwnd;
	__u32 mss_cache;
	__u32 rate_delivered;
	__u32 rate_interval_us;
	__u32 chrono_start;
	__u32 chrono_stat[3];
	__u8 chrono_type : 2;
	__u8 rate_app_limited : 1;
};

struct socket {
	struct sock *sk;
};

struct file;
struct task_struct;

struct pid_namespace {
	struct task_struct *child_reaper;	/* its process 1 */
};

struct upid {
	int nr;
	struct pid_namespace *ns;
};

struct pid {
	unsigned int level;
	struct upid numbers[1];
};

typedef struct {
	unsigned int val;
} kuid_t;

struct cred {
	kuid_t euid;
};

struct kernfs_node {
	__u64 id;
};

struct cgroup {
	struct kernfs_node *kn;
};

struct css_set {
	struct cgroup *dfl_cgrp;
};

struct nsproxy {
	struct net *net_ns;
};

struct task_struct {
	unsigned int flags;
	int tgid;
	struct task_struct *group_leader;
	struct pid *thread_pid;
	const struct cred *real_cred;
	struct css_set *cgroups;
	struct nsproxy *nsproxy;
	char comm[SOCKET_NAME_LENGTH];
};

struct seq_file;

struct bpf_iter_meta {
	struct seq_file *seq;
};

struct bpf_iter__task_file {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
	__u32 fd;
	struct file *file;
};

#pragma clang attribute pop

/* Connections that began or ended since user space last took them out. The oldest make room. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__type(key, struct socket_id);
	__type(value, struct socket_row);
} ended SEC(".maps");

/* Who called connect() on a socket, until it has an answer: the socket's port is not known before. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, __u64);
	__type(value, struct socket_owner);
} connecting SEC(".maps");

struct socket_reader reader;

/* The number of a process in the PID namespace that lies so deep. */
static __always_inline const struct upid *number_at(const struct pid *pid, __u32 level)
{
	return (const void *)pid + bpf_core_field_offset(struct pid, numbers) +
	       level * bpf_core_type_size(struct upid);
}

/* The number of the process in the reader's namespace; 0 if it is not in that namespace. */
static __always_inline __u32 number_of(const struct task_struct *leader)
{
	const struct pid *pid = leader->thread_pid;
	const struct upid *number = number_at(pid, reader.pid_level);

	if (!reader.pid_namespace || pid->level < reader.pid_level ||
	    (__u64)BPF_CORE_READ(number, ns) != reader.pid_namespace)
		return 0;
	return BPF_CORE_READ(number, nr);
}

/* Runs as the reader. */
static __always_inline void find_reader(void)
{
	const struct task_struct *task = (void *)bpf_get_current_task();
	const struct pid *pid = BPF_CORE_READ(task, thread_pid);
	__u32 level = BPF_CORE_READ(pid, level);
	const struct upid *number = number_at(pid, level);
	const struct pid_namespace *ns = BPF_CORE_READ(number, ns);

	reader.pid_level = level;
	reader.pid_namespace = (__u64)ns;
	reader.host_net = BPF_CORE_READ(ns, child_reaper, nsproxy, net_ns, ns.inum);
}

static __always_inline void set_owner(struct socket_owner *owner, const struct task_struct *task)
{
	const struct task_struct *leader = task->group_leader;

	owner->pid = number_of(leader);
	owner->uid = leader->real_cred->euid.val;
	owner->cgroup = leader->cgroups->dfl_cgrp->kn->id;
	bpf_core_read_str(owner->name, sizeof(owner->name), &leader->comm);
}

static __always_inline void set_mapped(__u64 address[2], __be32 ipv4)
{
	address[0] = 0;
	address[1] = (__u64)ipv4 << 32 | 0xffff0000;	/* little-endian, as every machine that XTrace is built for */
}

/* False if the socket has another family. */
static __always_inline _Bool set_id(struct socket_id *id, const struct sock *sk)
{
	__u16 family = sk->__sk_common.skc_family;

	if (family == AF_INET) {
		set_mapped(id->local, sk->__sk_common.skc_rcv_saddr);
		set_mapped(id->remote, sk->__sk_common.skc_daddr);
	} else if (family == AF_INET6) {
		BPF_CORE_READ_INTO(&id->local, sk, __sk_common.skc_v6_rcv_saddr);
		BPF_CORE_READ_INTO(&id->remote, sk, __sk_common.skc_v6_daddr);
	} else {
		return 0;
	}
	/* skc_num is 0 already where a connection ends. */
	id->local_port = BPF_CORE_READ((const struct inet_sock *)sk, inet_sport);
	id->remote_port = sk->__sk_common.skc_dport;
	id->net = sk->__sk_common.skc_net.net->ns.inum;
	return 1;
}

/* Time in a state of the chronograph, with what of it goes on: tcp_get_info_chrono_stats() in net/ipv4/tcp.c. */
static __always_inline __u32 chrono(const struct tcp_sock *tp, __u32 stat, __u32 type, __u32 current, __u32 now)
{
	return type == current ? stat + now - tp->chrono_start : stat;
}

/* What struct tcp_info has: tcp_get_info() in net/ipv4/tcp.c. */
static __always_inline void set_tcp(struct socket_row *row, const struct tcp_sock *tp)
{
	__u32 interval = tp->rate_interval_us, current, now = bpf_jiffies64(), only_busy;

	row->flags |= SOCKET_HAS_TCP;
	row->rtt_us = tp->srtt_us >> 3;
	row->min_rtt_us = tp->rtt_min.s[0].v;
	row->retransmitted = tp->total_retrans;
	row->lost = tp->lost_out;
	row->window = tp->snd_cwnd;
	if (interval)
		row->delivery_rate = (__u64)tp->rate_delivered * tp->mss_cache *
				     USEC_PER_SEC / interval;
	if (BPF_CORE_READ_BITFIELD(tp, rate_app_limited))
		row->flags |= SOCKET_APP_LIMITED;
	current = BPF_CORE_READ_BITFIELD(tp, chrono_type);
	only_busy = chrono(tp, tp->chrono_stat[0], CHRONO_BUSY, current, now);
	row->receiver_limited = chrono(tp, tp->chrono_stat[1], CHRONO_RECEIVER, current, now);
	row->buffer_limited = chrono(tp, tp->chrono_stat[2], CHRONO_BUFFER, current, now);
	row->busy = only_busy + row->receiver_limited + row->buffer_limited;
	row->now = now;
}

/* What sock_diag tells as well: UDP, and TCP that listens or is connected. */
static __always_inline _Bool is_in_use(const struct socket_row *row)
{
	return row->protocol == IPPROTO_UDP || (row->protocol == IPPROTO_TCP && row->state != TCP_CLOSE);
}

SEC("iter/task_file")
int owners_all(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	struct socket_row row = {};
	struct socket *socket;
	struct tcp_sock *tp;
	struct sock *sk;

	if (!task || !file)		/* the end of the walk */
		return 0;
	if (!reader.pid_namespace)
		find_reader();
	socket = bpf_sock_from_file(file);
	if (!socket)
		return 0;
	sk = socket->sk;
	if (!sk)
		return 0;
	row.protocol = sk->sk_protocol;
	row.state = sk->__sk_common.skc_state;
	if (!is_in_use(&row) || !set_id(&row.id, sk) || !row.id.local_port)
		return 0;
	if (!row.id.remote_port && BPF_CORE_READ_BITFIELD(sk, __sk_common.skc_ipv6only))
		row.flags |= SOCKET_IPV6_ONLY;
	set_owner(&row.owner, task);
	tp = bpf_skc_to_tcp_sock(sk);
	if (tp && row.state != TCP_LISTEN)
		set_tcp(&row, tp);
	bpf_seq_write(ctx->meta->seq, &row, sizeof(row));
	return 0;
}

/*
 * Whether a process closes the connection right now. Other changes are made by packets and timers, which run as any
 * process that they interrupt. A process that closes with data unread, or with SO_LINGER of 0, goes straight to the
 * end, after it set sk_shutdown; a reset from the other side sets that afterwards: __tcp_close() and tcp_done().
 */
static __always_inline _Bool is_closed_by_process(const struct sock *sk, int from, int to)
{
	return (from == TCP_ESTABLISHED && to == TCP_FIN_WAIT1) || (from == TCP_CLOSE_WAIT && to == TCP_LAST_ACK) ||
	       ((from == TCP_ESTABLISHED || from == TCP_CLOSE_WAIT) && to == TCP_CLOSE &&
		sk->sk_shutdown == SHUTDOWN_MASK);
}

/* The process that makes this call; none if the kernel does. */
static __always_inline void set_current(struct socket_owner *owner)
{
	const struct task_struct *task = bpf_get_current_task_btf();

	if (!(task->flags & PF_KTHREAD))
		set_owner(owner, task);
}

static __always_inline void find_owner(struct socket_row *row, const struct sock *sk, int from, int to)
{
	const struct socket_row *before;
	const struct socket_owner *caller;
	__u64 key = (__u64)sk;

	if (is_closed_by_process(sk, from, to)) {
		set_current(&row->owner);
	} else if (from == TCP_SYN_SENT) {
		caller = bpf_map_lookup_elem(&connecting, &key);
		if (caller)
			row->owner = *caller;
		bpf_map_delete_elem(&connecting, &key);
	} else {
		before = bpf_map_lookup_elem(&ended, &row->id);
		if (before)
			row->owner = before->owner;
	}
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(owners_end, struct sock *sk, int from, int to)
{
	struct socket_owner caller = {};
	struct socket_row row = {};
	struct tcp_sock *tp;
	__u64 key = (__u64)sk;

	row.protocol = sk->sk_protocol;
	if (row.protocol != IPPROTO_TCP)
		return 0;
	if (to == TCP_SYN_SENT) {
		set_current(&caller);
		bpf_map_update_elem(&connecting, &key, &caller, BPF_ANY);
		return 0;
	}
	if ((to != TCP_CLOSE && from != TCP_SYN_SENT && !is_closed_by_process(sk, from, to)) || !set_id(&row.id, sk))
		return 0;
	row.state = to;
	find_owner(&row, sk, from, to);
	tp = bpf_skc_to_tcp_sock(sk);
	if (tp)
		set_tcp(&row, tp);
	bpf_map_update_elem(&ended, &row.id, &row, BPF_ANY);
	return 0;
}

char _license[] SEC("license") = "GPL";
