namespace XTrace.Tests;

/// <summary>The counters that drivers of Linux have, as their source names them.</summary>
internal static class RdmaLayouts
{
    /// <summary>drivers/infiniband/core/sysfs.c, pma_attrs.</summary>
    internal static readonly string[] PortCounters =
    [
        "symbol_error", "link_error_recovery", "link_downed", "port_rcv_errors", "port_rcv_remote_physical_errors",
        "port_rcv_switch_relay_errors", "port_xmit_discards", "port_xmit_constraint_errors", "port_rcv_constraint_errors",
        "local_link_integrity_errors", "excessive_buffer_overrun_errors", "VL15_dropped", "port_xmit_data", "port_rcv_data",
        "port_xmit_packets", "port_rcv_packets", "port_xmit_wait",
    ];

    /// <summary>drivers/infiniband/core/sysfs.c, pma_attrs_ext.</summary>
    internal static readonly string[] ExtendedPortCounters =
        [.. PortCounters, "unicast_rcv_packets", "unicast_xmit_packets", "multicast_rcv_packets", "multicast_xmit_packets"];

    /// <summary>Older MLNX_OFED releases, counters_ext.</summary>
    internal static readonly string[] CountersExt =
    [
        "port_xmit_data_64", "port_rcv_data_64", "port_xmit_packets_64", "port_rcv_packets_64",
        "port_unicast_xmit_packets", "port_unicast_rcv_packets", "port_multicast_xmit_packets", "port_multicast_rcv_packets",
    ];

    /// <summary>drivers/infiniband/hw/mlx5/counters.c.</summary>
    internal static readonly string[] Mlx5 =
    [
        "rx_write_requests", "rx_read_requests", "rx_atomic_requests", "rx_dct_connect", "out_of_buffer", "out_of_sequence",
        "duplicate_request", "rnr_nak_retry_err", "packet_seq_err", "implied_nak_seq_err", "local_ack_timeout_err",
        "resp_local_length_error", "resp_cqe_error", "req_cqe_error", "req_remote_invalid_request", "req_remote_access_errors",
        "resp_remote_access_errors", "resp_cqe_flush_error", "req_cqe_flush_error", "roce_adp_retrans", "roce_adp_retrans_to",
        "roce_slow_restart", "roce_slow_restart_cnps", "roce_slow_restart_trans", "rp_cnp_ignored", "rp_cnp_handled",
        "np_ecn_marked_roce_packets", "np_cnp_sent", "rx_icrc_encapsulated",
    ];

    /// <summary>drivers/infiniband/hw/mlx4/main.c, diag_basic, diag_ext, diag_device_only.</summary>
    internal static readonly string[] Mlx4 =
    [
        "rq_num_lle", "sq_num_lle", "rq_num_lqpoe", "sq_num_lqpoe", "rq_num_lpe", "sq_num_lpe", "rq_num_wrfe", "sq_num_wrfe",
        "sq_num_mwbe", "sq_num_bre", "sq_num_rire", "rq_num_rire", "sq_num_rae", "rq_num_rae", "sq_num_roe", "sq_num_tree",
        "sq_num_rree", "rq_num_rnr", "sq_num_rnr", "rq_num_oos", "sq_num_oos", "rq_num_dup", "sq_num_to", "num_cqovf",
        "rq_num_udsdprd",
    ];

    /// <summary>drivers/infiniband/hw/irdma/verbs.c.</summary>
    internal static readonly string[] Irdma =
    [
        "ip4InDiscards", "ip4InTruncatedPkts", "ip4OutNoRoutes", "ip6InDiscards", "ip6InTruncatedPkts", "ip6OutNoRoutes",
        "tcpRetransSegs", "tcpInOptErrors", "tcpInProtoErrors", "rxVlanErrors", "ip4InOctets", "ip4InPkts", "ip4InReasmRqd",
        "ip4InMcastPkts", "ip4OutOctets", "ip4OutPkts", "ip4OutSegRqd", "ip4OutMcastPkts", "ip6InOctets", "ip6InPkts",
        "ip6InReasmRqd", "ip6InMcastPkts", "ip6OutOctets", "ip6OutPkts", "ip6OutSegRqd", "ip6OutMcastPkts", "tcpInSegs",
        "tcpOutSegs", "iwInRdmaReads", "iwInRdmaSends", "iwInRdmaWrites", "iwOutRdmaReads", "iwOutRdmaSends", "iwOutRdmaWrites",
        "iwRdmaBnd", "iwRdmaInv", "cnpHandled", "cnpIgnored", "cnpSent", "RxUDP", "TxUDP", "RxECNMrkd",
    ];

    /// <summary>drivers/infiniband/hw/bnxt_re/hw_counters.c, the first of them.</summary>
    internal static readonly string[] Bnxt =
    [
        "active_pds", "active_ahs", "active_qps", "active_srqs", "active_cqs", "active_mrs", "active_mws", "rx_pkts", "rx_bytes",
        "tx_pkts", "tx_bytes", "recoverable_errors", "rx_roce_errors", "rx_roce_discards", "to_retransmits", "seq_err_naks_rcvd",
        "rnr_naks_rcvd", "oos_drop_count", "tx_write_req", "rx_read_req", "rx_out_of_buffer", "tx_cnp_pkts", "rx_cnp_pkts",
        "rx_ecn_marked_pkts",
    ];

    /// <summary>drivers/infiniband/hw/efa/efa_verbs.c, port stats.</summary>
    internal static readonly string[] Efa =
    [
        "tx_bytes", "tx_pkts", "rx_bytes", "rx_pkts", "rx_drops", "send_bytes", "send_wrs", "recv_bytes", "recv_wrs",
        "rdma_read_wrs", "rdma_read_bytes", "rdma_read_wr_err", "rdma_read_resp_bytes", "rdma_write_wrs", "rdma_write_bytes",
        "rdma_write_wr_err", "rdma_write_recv_bytes", "retrans_bytes", "retrans_pkts", "retrans_timeout_events",
        "unresponsive_remote_events", "impaired_remote_conn_events",
    ];

    /// <summary>drivers/infiniband/hw/efa/efa_verbs.c, device stats.</summary>
    internal static readonly string[] EfaDevice =
    [
        "submitted_cmds", "completed_cmds", "cmds_err", "no_completion_cmds", "keep_alive_rcvd", "alloc_pd_err", "create_qp_err",
        "create_cq_err", "reg_mr_err", "alloc_ucontext_err", "create_ah_err", "mmap_err",
    ];

    /// <summary>drivers/infiniband/hw/hfi1/chip.c: some have spaces, and 32-bit ones end with ",32".</summary>
    internal static readonly string[] Hfi1 =
    [
        "RxPkt", "RxWords", "TxPkt", "TxWords", "SwLinkDown,32", "XmitDscd,32", "RcResend", "RnrNak", "RcTimeOut", "PktDrop",
        "XmitDscdVl15,32", "TxWaitVL0", "RcvHdrOvr159",
    ];

    /// <summary>The same, of the device.</summary>
    internal static readonly string[] Hfi1Device =
        ["Cce LATriggered", "Tx Egress Reserved 10", "SDMAInt0,32", "DcCrcLn3", "DRIVER_CtxtsOpen", "DRIVER_Rcv_Errs"];

    /// <summary>drivers/infiniband/hw/mana/counters.c, the first of them.</summary>
    internal static readonly string[] Mana =
    [
        "requester_timeout", "requester_oos_nak", "received_cnps", "current_rate", "tx_bytes", "rx_bytes", "tx_packets", "rx_packets",
    ];

    /// <summary>The same, of the device.</summary>
    internal static readonly string[] ManaDevice =
        ["sent_cnps", "received_ecns", "received_cnp_count", "qp_congested_events", "qp_recovered_events", "rate_inc_events"];

    /// <summary>drivers/infiniband/hw/hns/hns_roce_main.c, hns_roce_port_stats_descs.</summary>
    internal static readonly string[] Hns =
    [
        "rx_rc_pkt", "rx_uc_pkt", "rx_ud_pkt", "rx_xrc_pkt", "rx_pkt", "rx_err_pkt", "rx_cnp_pkt", "tx_rc_pkt", "tx_uc_pkt",
        "tx_ud_pkt", "tx_xrc_pkt", "tx_pkt", "tx_err_pkt", "tx_cnp_pkt", "trp_get_mpt_err_pkt", "trp_get_irrl_err_pkt",
        "ecn_doorbell", "rx_buffer", "trp_rx_sof", "cq_cqe", "cq_poe", "cq_notify",
    ];
}
