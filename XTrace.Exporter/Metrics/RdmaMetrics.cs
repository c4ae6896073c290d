using System.Globalization;
using XTrace.Rdma;
using XTrace.Sessions;

namespace XTrace.Exporter.Metrics;

/// <summary>
/// Counters of RDMA devices as metrics. A port's counter that node_exporter knows has its name and labels there
/// (collector/infiniband_linux.go): dashboards for node_exporter show it. All others are in one metric for each unit, with the
/// counter's name as a label.
/// </summary>
internal static class RdmaMetrics
{
    private const string Prefix = "node_infiniband_";

    /// <summary>Numbers of the kernel's states, for those who do not know them: rdma/ib_verbs.h.</summary>
    private const string States = "0: none, 1: down, 2: init, 3: armed, 4: active, 5: active, being repaired";
    private const string PhysicalStates =
        "0: none, 1: sleep, 2: polling, 3: disabled, 4: training, 5: link up, 6: link error recovery, 7: test";

    /// <summary>node_exporter's names without their beginning, by folder and name in sysfs.</summary>
    private static readonly Dictionary<(RdmaCounterSource, string), string> s_names = new()
    {
        [(RdmaCounterSource.Counters, "excessive_buffer_overrun_errors")] = "excessive_buffer_overrun_errors_total",
        [(RdmaCounterSource.Counters, "link_downed")] = "link_downed_total",
        [(RdmaCounterSource.Counters, "link_error_recovery")] = "link_error_recovery_total",
        [(RdmaCounterSource.Counters, "local_link_integrity_errors")] = "local_link_integrity_errors_total",
        [(RdmaCounterSource.Counters, "multicast_rcv_packets")] = "multicast_packets_received_total",
        [(RdmaCounterSource.Counters, "multicast_xmit_packets")] = "multicast_packets_transmitted_total",
        [(RdmaCounterSource.Counters, "port_rcv_constraint_errors")] = "port_constraint_errors_received_total",
        [(RdmaCounterSource.Counters, "port_xmit_constraint_errors")] = "port_constraint_errors_transmitted_total",
        [(RdmaCounterSource.Counters, "port_rcv_data")] = "port_data_received_bytes_total",
        [(RdmaCounterSource.Counters, "port_xmit_data")] = "port_data_transmitted_bytes_total",
        [(RdmaCounterSource.Counters, "port_rcv_discards")] = "port_discards_received_total",
        [(RdmaCounterSource.Counters, "port_xmit_discards")] = "port_discards_transmitted_total",
        [(RdmaCounterSource.Counters, "port_rcv_errors")] = "port_errors_received_total",
        [(RdmaCounterSource.Counters, "port_rcv_packets")] = "port_packets_received_total",
        [(RdmaCounterSource.Counters, "port_xmit_packets")] = "port_packets_transmitted_total",
        [(RdmaCounterSource.Counters, "port_rcv_remote_physical_errors")] = "port_receive_remote_physical_errors_total",
        [(RdmaCounterSource.Counters, "port_rcv_switch_relay_errors")] = "port_receive_switch_relay_errors_total",
        [(RdmaCounterSource.Counters, "port_xmit_wait")] = "port_transmit_wait_total",
        [(RdmaCounterSource.Counters, "symbol_error")] = "symbol_error_total",
        [(RdmaCounterSource.Counters, "unicast_rcv_packets")] = "unicast_packets_received_total",
        [(RdmaCounterSource.Counters, "unicast_xmit_packets")] = "unicast_packets_transmitted_total",
        [(RdmaCounterSource.Counters, "VL15_dropped")] = "vl15_dropped_total",
        [(RdmaCounterSource.CountersExt, "port_multicast_rcv_packets")] = "legacy_multicast_packets_received_total",
        [(RdmaCounterSource.CountersExt, "port_multicast_xmit_packets")] = "legacy_multicast_packets_transmitted_total",
        [(RdmaCounterSource.CountersExt, "port_rcv_data_64")] = "legacy_data_received_bytes_total",
        [(RdmaCounterSource.CountersExt, "port_rcv_packets_64")] = "legacy_packets_received_total",
        [(RdmaCounterSource.CountersExt, "port_unicast_rcv_packets")] = "legacy_unicast_packets_received_total",
        [(RdmaCounterSource.CountersExt, "port_unicast_xmit_packets")] = "legacy_unicast_packets_transmitted_total",
        [(RdmaCounterSource.CountersExt, "port_xmit_data_64")] = "legacy_data_transmitted_bytes_total",
        [(RdmaCounterSource.CountersExt, "port_xmit_packets_64")] = "legacy_packets_transmitted_total",
        [(RdmaCounterSource.HwCounters, "duplicate_request")] = "duplicate_requests_packets_total",
        [(RdmaCounterSource.HwCounters, "implied_nak_seq_err")] = "implied_nak_seq_errors_total",
        [(RdmaCounterSource.HwCounters, "local_ack_timeout_err")] = "local_ack_timeout_errors_total",
        [(RdmaCounterSource.HwCounters, "np_cnp_sent")] = "np_cnp_packets_sent_total",
        [(RdmaCounterSource.HwCounters, "np_ecn_marked_roce_packets")] = "np_ecn_marked_roce_packets_received_total",
        [(RdmaCounterSource.HwCounters, "out_of_buffer")] = "out_of_buffer_drops_total",
        [(RdmaCounterSource.HwCounters, "out_of_sequence")] = "out_of_sequence_packets_received_total",
        [(RdmaCounterSource.HwCounters, "packet_seq_err")] = "packet_sequence_errors_total",
        [(RdmaCounterSource.HwCounters, "req_cqe_error")] = "req_cqes_errors_total",
        [(RdmaCounterSource.HwCounters, "req_cqe_flush_error")] = "req_cqes_flush_errors_total",
        [(RdmaCounterSource.HwCounters, "req_remote_access_errors")] = "req_remote_access_errors_total",
        [(RdmaCounterSource.HwCounters, "req_remote_invalid_request")] = "req_remote_invalid_request_errors_total",
        [(RdmaCounterSource.HwCounters, "resp_cqe_error")] = "resp_cqes_errors_total",
        [(RdmaCounterSource.HwCounters, "resp_cqe_flush_error")] = "resp_cqes_flush_errors_total",
        [(RdmaCounterSource.HwCounters, "resp_local_length_error")] = "resp_local_length_errors_total",
        [(RdmaCounterSource.HwCounters, "resp_remote_access_errors")] = "resp_remote_access_errors_total",
        [(RdmaCounterSource.HwCounters, "rnr_nak_retry_err")] = "rnr_nak_retry_packets_received_total",
        [(RdmaCounterSource.HwCounters, "roce_adp_retrans")] = "roce_adp_retransmits_total",
        [(RdmaCounterSource.HwCounters, "roce_adp_retrans_to")] = "roce_adp_retransmits_timeout_total",
        [(RdmaCounterSource.HwCounters, "roce_slow_restart")] = "roce_slow_restart_used_total",
        [(RdmaCounterSource.HwCounters, "roce_slow_restart_cnps")] = "roce_slow_restart_cnps_total",
        [(RdmaCounterSource.HwCounters, "roce_slow_restart_trans")] = "roce_slow_restart_total",
        [(RdmaCounterSource.HwCounters, "rp_cnp_handled")] = "rp_cnp_packets_handled_total",
        [(RdmaCounterSource.HwCounters, "rp_cnp_ignored")] = "rp_cnp_ignored_packets_received_total",
        [(RdmaCounterSource.HwCounters, "rx_atomic_requests")] = "rx_atomic_requests_total",
        [(RdmaCounterSource.HwCounters, "rx_dct_connect")] = "rx_dct_connect_requests_total",
        [(RdmaCounterSource.HwCounters, "rx_icrc_encapsulated")] = "rx_icrc_encapsulated_errors_total",
        [(RdmaCounterSource.HwCounters, "rx_read_requests")] = "rx_read_requests_total",
        [(RdmaCounterSource.HwCounters, "rx_write_requests")] = "rx_write_requests_total",
    };

    /// <summary>Makes metrics of a sample.</summary>
    internal static IEnumerable<MetricFamily> Collect(RdmaSample sample)
    {
        SortedDictionary<string, MetricFamily> families = new(StringComparer.Ordinal);
        foreach (CounterPlace place in sample.Places)
        {
            foreach (Counter counter in place.Counters.Where(counter => counter.Current is not null))
            {
                Add(families, counter);
            }
        }
        return [.. families.Values, .. PortStates(sample)];
    }

    private static void Add(SortedDictionary<string, MetricFamily> families, Counter counter)
    {
        CounterPlace place = counter.Place;
        double value = counter.Current!.Value;
        if (place.Port is not null && s_names.TryGetValue((counter.Source, counter.Name), out string? name))
        {
            Family(families, Prefix + name, MetricType.Counter, counter.Info.Meaning ?? counter.Name).Add(value, Port(place));
            return;
        }
        bool isGauge = counter.Info.Kind == RdmaCounterKind.Gauge;
        string unit = counter.Info.Unit.ToString().ToLowerInvariant();
        MetricFamily family = isGauge
            ? Family(families, $"xtrace_rdma_current_{unit}", MetricType.Gauge, $"What rises and falls, {UnitOf(unit)}.")
            : Family(families, $"xtrace_rdma_{unit}_total", MetricType.Counter, $"What grows, {UnitOf(unit)}.");
        family.Add(
            value,
            [
                .. Port(place),
                new("counter", counter.Name),
                new("source", CounterCatalogue.FolderOf(counter.Source)),
                .. counter.Interface is { } network ? [new Label("interface", network)] : Array.Empty<Label>(),
                new("category", counter.Info.Category.ToString().ToLowerInvariant()),
            ]);
    }

    private static string UnitOf(string unit) => unit == "unknown" ? "of counters whose unit is not known" : $"in {unit}";

    private static MetricFamily Family(
        SortedDictionary<string, MetricFamily> families, string name, MetricType type, string help)
    {
        if (!families.TryGetValue(name, out MetricFamily? family))
        {
            family = families[name] = new MetricFamily(name, type, help);
        }
        return family;
    }

    private static MetricFamily[] PortStates(RdmaSample sample)
    {
        MetricFamily state = MetricFamily.Gauge($"{Prefix}state_id", $"State of the port ({States}).");
        MetricFamily physical = MetricFamily.Gauge($"{Prefix}physical_state_id", $"State of the link below the port ({PhysicalStates}).");
        MetricFamily rate = MetricFamily.Gauge($"{Prefix}rate_bytes_per_second", "Active width of the link times its active speed.");
        foreach (CounterPlace place in sample.Places)
        {
            if (place.PortFolder is not { } folder)
            {
                continue;
            }
            (RdmaPortState? logical, RdmaPhysicalState? below, string? speed) = folder.ReadState();
            AddIfKnown(state, (int?)logical, place);
            AddIfKnown(physical, (int?)below, place);
            AddIfKnown(rate, PortFolder.ParseRate(speed) / 8, place);
        }
        return [state, physical, rate];
    }

    private static void AddIfKnown(MetricFamily family, double? value, CounterPlace place)
    {
        if (value is { } known)
        {
            family.Add(known, Port(place));
        }
    }

    /// <summary>A device as a whole has no port.</summary>
    private static Label[] Port(CounterPlace place) => place.Port is { } port
        ? [new("device", place.Device), new("port", port.ToString(CultureInfo.InvariantCulture))]
        : [new("device", place.Device)];
}
