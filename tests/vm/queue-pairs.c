/*
 * Makes queue pairs, says their numbers, and keeps them until its input ends: queue-pairs DEVICE GID-INDEX PEER COUNT [NUMBER [error]].
 * Each is connected (RTS) with the queue pair of its own number at the peer, which is an IPv4 address, and then failed if that is asked
 * for. All share one completion queue, of which soft-RoCE has few. With a number other than 0, queue pairs are made and destroyed until
 * the first gets it.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <infiniband/verbs.h>

static struct ibv_context *open_device(const char *name)
{
	struct ibv_device **all = ibv_get_device_list(NULL);

	for (int i = 0; all && all[i]; i++)
		if (!strcmp(ibv_get_device_name(all[i]), name))
			return ibv_open_device(all[i]);
	return NULL;
}

static int to_init(struct ibv_qp *qp)
{
	struct ibv_qp_attr attr = { .qp_state = IBV_QPS_INIT, .port_num = 1 };

	return ibv_modify_qp(qp, &attr, IBV_QP_STATE | IBV_QP_PKEY_INDEX | IBV_QP_PORT | IBV_QP_ACCESS_FLAGS);
}

static int to_receive(struct ibv_qp *qp, int gid_index, struct in_addr peer)
{
	struct ibv_qp_attr attr = {
		.qp_state = IBV_QPS_RTR,
		.path_mtu = IBV_MTU_1024,
		.dest_qp_num = qp->qp_num,
		.rq_psn = 1000,
		.max_dest_rd_atomic = 1,
		.min_rnr_timer = 12,
		.ah_attr = { .is_global = 1, .port_num = 1, .grh = { .sgid_index = gid_index, .hop_limit = 64 } },
	};

	/* The IPv4-mapped address, RFC 4291 2.5.5.2. */
	attr.ah_attr.grh.dgid.raw[10] = attr.ah_attr.grh.dgid.raw[11] = 0xff;
	memcpy(&attr.ah_attr.grh.dgid.raw[12], &peer, sizeof(peer));
	return ibv_modify_qp(qp, &attr, IBV_QP_STATE | IBV_QP_AV | IBV_QP_PATH_MTU | IBV_QP_DEST_QPN | IBV_QP_RQ_PSN |
			     IBV_QP_MAX_DEST_RD_ATOMIC | IBV_QP_MIN_RNR_TIMER);
}

static int to_send(struct ibv_qp *qp)
{
	struct ibv_qp_attr attr = {
		.qp_state = IBV_QPS_RTS, .sq_psn = 2000, .timeout = 14, .retry_cnt = 7, .rnr_retry = 7, .max_rd_atomic = 1
	};

	return ibv_modify_qp(qp, &attr, IBV_QP_STATE | IBV_QP_SQ_PSN | IBV_QP_TIMEOUT | IBV_QP_RETRY_CNT | IBV_QP_RNR_RETRY |
			     IBV_QP_MAX_QP_RD_ATOMIC);
}

static int to_error(struct ibv_qp *qp)
{
	struct ibv_qp_attr attr = { .qp_state = IBV_QPS_ERR };

	return ibv_modify_qp(qp, &attr, IBV_QP_STATE);
}

static struct ibv_qp *make(struct ibv_pd *pd, struct ibv_cq *cq)
{
	struct ibv_qp_init_attr init = {
		.send_cq = cq,
		.recv_cq = cq,
		.qp_type = IBV_QPT_RC,
		.cap = { .max_send_wr = 1, .max_recv_wr = 1, .max_send_sge = 1, .max_recv_sge = 1 },
	};

	return ibv_create_qp(pd, &init);
}

/* The queue pair with this number; 0 is any. */
static struct ibv_qp *make_numbered(struct ibv_pd *pd, struct ibv_cq *cq, unsigned int number)
{
	struct ibv_qp *qp;

	while ((qp = make(pd, cq)) && number && qp->qp_num != number)
		if (ibv_destroy_qp(qp))
			return NULL;
	return qp;
}

int main(int count, char **words)
{
	struct ibv_context *device = count >= 5 ? open_device(words[1]) : NULL;
	struct ibv_pd *pd = device ? ibv_alloc_pd(device) : NULL;
	struct ibv_cq *cq = pd ? ibv_create_cq(device, 16, NULL, NULL, 0) : NULL;
	struct in_addr peer;

	if (!cq || !inet_aton(words[3], &peer)) {
		perror("queue-pairs: device, protection domain, completion queue or peer");
		return 1;
	}
	for (int i = 0; i < atoi(words[4]); i++) {
		struct ibv_qp *qp = make_numbered(pd, cq, count > 5 && i == 0 ? atoi(words[5]) : 0);

		if (!qp || to_init(qp) || to_receive(qp, atoi(words[2]), peer) || to_send(qp) ||
		    (count > 6 && to_error(qp))) {
			perror("queue-pairs: queue pair");
			return 1;
		}
		printf("%u\n", qp->qp_num);
	}
	printf("ready\n");
	fflush(stdout);
	return getchar() != EOF;
}
