using System.Runtime.CompilerServices;
using XTrace.Net;
using XTrace.Rdma;

namespace XTrace.Tests;

/// <summary>
/// The rules of health, with facts given as data: no machine here has pause frames, a PCIe link or a slow partner. What reads
/// them is tested where it is real.
/// </summary>
public sealed class HealthRuleTests
{
    private static readonly HealthJudge s_judge = new(HealthRule.All);

    /// <summary>Nothing wrong in five seconds and a million packets.</summary>
    private static readonly HealthFacts s_healthy = new()
    {
        Device = "mlx5_0",
        Port = 1,
        State = RdmaPortState.Active,
        PhysicalState = RdmaPhysicalState.LinkUp,
        Rate = "100 Gb/sec (4X EDR)",
        Kind = "mlx5_core",
        Link = new EthernetLink(100000, 100000, 100000, 100000),
        Pcie = new PcieLink(new PcieRate(16, 16), new PcieRate(16, 16), new PcieRate(16, 16)),
        Packets = 1_000_000,
        Bytes = 4_000_000_000,
        Elapsed = TimeSpan.FromSeconds(5),
    };

    [Fact]
    public void Nothing_is_found_where_nothing_is_wrong() => Assert.Empty(Findings(s_healthy with
    {
        Counters =
        [
            Fact("port_xmit_data", 1_000_000_000, RdmaCounterCategory.Traffic),
            Fact("rx_corrected_bits_phy", 12345, RdmaCounterCategory.Other),
            Fact("symbol_error", 0), Fact("rx_prio3_pause_duration", 0, RdmaCounterCategory.Congestion),
            Fact("np_cnp_sent", 20, RdmaCounterCategory.Congestion), Fact("resp_cqe_flush_error", 4),
        ],
    }));

    [Theory]
    [InlineData(RdmaPortState.Down, RdmaPhysicalState.Disabled, "The port is switched off on this host.")]
    [InlineData(RdmaPortState.Down, RdmaPhysicalState.Polling, "The port has no link.")]
    [InlineData(RdmaPortState.Init, RdmaPhysicalState.LinkUp, "The link is up, but no subnet manager has configured the port.")]
    [InlineData(RdmaPortState.Active, RdmaPhysicalState.LinkErrorRecovery, "The link is being repaired.")]
    [InlineData(null, null, "The state of the port cannot be read.")]
    public void A_port_that_is_not_up_has_one_finding_with_its_cause(RdmaPortState? state, RdmaPhysicalState? physicalState, string meaning)
    {
        HealthFinding finding = Assert.Single(Findings(s_healthy with { State = state, PhysicalState = physicalState }));
        Assert.Equal((RdmaHealthCheck.PortState, meaning), (finding.Rule.Check, finding.Rule.Meaning));
    }

    [Theory]
    [InlineData("rx_prio3_pause_duration", RdmaCounterDirection.Received, RdmaHealthCheck.PauseReceived)]
    [InlineData("tx_prio3_pause_duration", RdmaCounterDirection.Sent, RdmaHealthCheck.PauseSent)]
    [InlineData("pfc_pri5_rx_duration_us", RdmaCounterDirection.Received, RdmaHealthCheck.PauseReceived)]
    [InlineData("rx_pripause_6_1us_count", RdmaCounterDirection.Received, RdmaHealthCheck.PauseReceived)]
    [InlineData("tx_global_pause_duration", RdmaCounterDirection.Sent, RdmaHealthCheck.PauseSent)]
    public void Pause_frames_are_a_share_of_the_time_by_direction(string name, RdmaCounterDirection direction, RdmaHealthCheck check)
    {
        // 50 ms of 5 s; half a second of 5 s; 1 ms of 5 s.
        (ulong, RdmaHealthStatus?, string)[] cases =
        [
            (50_000, RdmaHealthStatus.Warning, "1 %"), (500_000, RdmaHealthStatus.Critical, "10 %"), (1_000, null, ""),
        ];
        foreach ((ulong microseconds, RdmaHealthStatus? status, string share) in cases)
        {
            CounterFact[] counters =
            [
                Fact(name, microseconds, RdmaCounterCategory.Congestion, RdmaCounterUnit.Microseconds, direction),
                Fact("rx_prio3_pause", 1000, RdmaCounterCategory.Congestion, RdmaCounterUnit.Packets, direction),
            ];
            List<HealthFinding> findings = Findings(s_healthy with { Counters = counters });
            Assert.Equal(status is null ? [] : [(check, status.Value)], findings.Select(finding => (finding.Rule.Check, finding.Status)));
            Assert.All(findings, finding => Assert.StartsWith(
                $"stopped for {share} of the time; {name} +{microseconds} µs", finding.Evidence, StringComparison.Ordinal));
            Assert.All(findings, finding => Assert.EndsWith("; in 5.0 s", finding.Evidence, StringComparison.Ordinal));
        }
    }

    [Fact]
    public void Of_pause_frames_without_durations_the_longest_possible_time_counts()
    {
        // Each can ask for 65,535 × 512 bits, 336 µs at 100 Gbit/s: 1,000 for at most 0.336 s of 5 s.
        CounterFact xoff = Fact(
            "rx_priority_3_xoff.nic", 1000, RdmaCounterCategory.Congestion, RdmaCounterUnit.Packets, RdmaCounterDirection.Received);
        CounterFact xon = Fact(
            "rx_priority_3_xon.nic", 1000, RdmaCounterCategory.Congestion, RdmaCounterUnit.Packets, RdmaCounterDirection.Received);
        HealthFinding finding = Assert.Single(Findings(s_healthy with { Counters = [xoff, xon] }));
        const string Evidence = "stopped for at most 6.71 % of the time; rx_priority_3_xoff.nic +1000; in 5.0 s";
        Assert.Equal(
            (RdmaHealthCheck.PauseReceived, RdmaHealthStatus.Critical, Evidence),
            (finding.Rule.Check, finding.Status, finding.Evidence));
        Assert.Empty(Findings(s_healthy with { Counters = [xoff with { Delta = 10 }, xon] }));
    }

    [Theory]
    [InlineData(1ul, null)]
    [InlineData(2ul, RdmaHealthStatus.Warning)]
    [InlineData(101ul, RdmaHealthStatus.Critical)]
    public void Retransmissions_count_per_million_packets(ulong grown, RdmaHealthStatus? status)
    {
        CounterFact counter = Fact("out_of_sequence", grown, RdmaCounterCategory.Retransmission);
        List<HealthFinding> findings = Findings(s_healthy with { Counters = [counter] });
        Assert.Equal(
            status is null ? [] : [(RdmaHealthCheck.Retransmission, status.Value)],
            findings.Select(finding => (finding.Rule.Check, finding.Status)));
        Assert.All(findings, finding => Assert.Equal(
            $"out_of_sequence +{grown}; {grown} per million of 1000000 packets; in 5.0 s", finding.Evidence));
    }

    [Theory]
    [InlineData("symbol_error", RdmaCounterCategory.Error, RdmaHealthCheck.ErrorCounters)]
    [InlineData("rx_crc_errors_phy", RdmaCounterCategory.Error, RdmaHealthCheck.ErrorCounters)]
    [InlineData("carrier_down_count", RdmaCounterCategory.Error, RdmaHealthCheck.CarrierChanges)]
    [InlineData("link_downed", RdmaCounterCategory.Error, RdmaHealthCheck.CarrierChanges)]
    [InlineData("rx_prio3_discards", RdmaCounterCategory.Congestion, RdmaHealthCheck.Discards)]
    [InlineData("out_of_buffer", RdmaCounterCategory.Retransmission, RdmaHealthCheck.Discards)]
    [InlineData("outbound_pci_stalled_wr_events", RdmaCounterCategory.Congestion, RdmaHealthCheck.PcieStalls)]
    [InlineData("np_ecn_marked_roce_packets", RdmaCounterCategory.Congestion, RdmaHealthCheck.Congestion)]
    [InlineData("rp_cnp_handled", RdmaCounterCategory.Congestion, RdmaHealthCheck.Congestion)]
    [InlineData("tx_pause_storm_error_events", RdmaCounterCategory.Error, RdmaHealthCheck.PauseSent)]
    public void A_counter_that_rose_belongs_to_one_check(string name, RdmaCounterCategory category, RdmaHealthCheck check)
    {
        HealthFinding finding = Assert.Single(Findings(s_healthy with { Counters = [Fact(name, 5000, category)] }));
        Assert.Equal(check, finding.Rule.Check);
        Assert.Contains($"{name} +5000", finding.Evidence, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("25 Gb/sec (1X EDR)", true, RdmaHealthStatus.Critical)]
    [InlineData("50 Gb/sec (2X EDR)", true, RdmaHealthStatus.Warning)]
    [InlineData("100 Gb/sec (2X HDR)", true, null)]
    [InlineData("100 Gb/sec (4X EDR)", true, null)]
    [InlineData("25 Gb/sec (1X EDR)", false, null)]
    public void An_InfiniBand_link_has_four_lanes_or_is_split(string rate, bool isInfiniBand, RdmaHealthStatus? status) => Assert.Equal(
        status is null ? [] : [(RdmaHealthCheck.LinkWidth, status.Value)],
        Findings(s_healthy with { Rate = rate, IsInfiniBand = isInfiniBand, Link = null })
            .Select(finding => (finding.Rule.Check, finding.Status)));

    [Theory]
    [InlineData(50000, 100000, 100000, RdmaHealthStatus.Warning)]
    [InlineData(25000, 100000, 100000, RdmaHealthStatus.Critical)]
    [InlineData(25000, 100000, null, RdmaHealthStatus.Critical)]
    [InlineData(25000, 100000, 25000, null)]
    [InlineData(null, 100000, 100000, null)]
    public void A_link_slower_than_both_ends_is_found(int? speed, int supported, int? partner, RdmaHealthStatus? status) => Assert.Equal(
        status is null ? [] : [(RdmaHealthCheck.LinkSpeed, status.Value)],
        Findings(s_healthy with { Link = new EthernetLink(speed, supported, supported, partner) })
            .Select(finding => (finding.Rule.Check, finding.Status)));

    [Fact]
    public void A_queue_pair_in_error_is_named_with_its_owner()
    {
        QueuePairEntry pair = new()
        {
            Device = "mlx5_0",
            Port = 1,
            Number = 291,
            Type = RdmaQueuePairType.RC,
            State = RdmaQueuePairState.Error,
            KernelUser = "nvme_rdma",
        };
        HealthFinding finding = Assert.Single(Findings(s_healthy with { ErrorPairs = [pair] }));
        Assert.Equal((RdmaHealthCheck.QueuePairs, "291 RC Error (nvme_rdma)"), (finding.Rule.Check, finding.Evidence));
    }

    [Fact]
    public void A_port_unlike_two_others_is_found_and_they_are_not()
    {
        HealthFacts[] ports =
        [
            .. Enumerable.Range(1, 3)
                .Select(port => s_healthy with { Port = port, Traits = Traits("100 Gb/sec (4X EDR)", "20.41") }),
        ];
        Assert.All(ports, port => Assert.Empty(s_judge.Judge(port, ports)));
        ports[1] = ports[1] with { Traits = Traits("50 Gb/sec (2X EDR)", "20.39") };
        HealthFinding finding = Assert.Single(s_judge.Judge(ports[1], ports));
        Assert.Equal(
            "rate 50 Gb/sec (2X EDR); 2 others: 100 Gb/sec (4X EDR); fw_ver 20.39; 2 others: 20.41",
            finding.Evidence);
        Assert.Empty(s_judge.Judge(ports[0], ports));
        Assert.Empty(s_judge.Judge(ports[1], ports[..2]));
    }

    [Fact]
    public void A_port_at_rest_among_busy_ones_is_found()
    {
        HealthFacts[] ports = [.. Enumerable.Range(1, 3).Select(port => s_healthy with { Port = port })];
        ports[2] = ports[2] with { Bytes = 1000 };
        Assert.Equal([RdmaHealthCheck.Sibling], s_judge.Judge(ports[2], ports).Select(finding => finding.Rule.Check));
        Assert.Empty(s_judge.Judge(ports[0], ports));
        HealthFacts[] quiet = [.. ports.Select(port => port with { Bytes = 1000 * (ulong)port.Port!.Value })];
        Assert.All(quiet, port => Assert.Empty(s_judge.Judge(port, quiet)));
    }

    [Fact]
    public void What_cannot_be_known_is_said()
    {
        CounterFact stopped = Fact("symbol_error", null) with { Status = RdmaCounterStatus.Saturated };
        CounterFact absent = Fact("port_rcv_errors", null) with { Status = RdmaCounterStatus.NotAvailable };
        HealthFinding finding = Assert.Single(Findings(s_healthy with { Counters = [stopped, absent] }));
        Assert.Equal(
            (RdmaHealthCheck.CounterGrowth, RdmaHealthStatus.Unknown, "symbol_error Saturated"),
            (finding.Rule.Check, finding.Status, finding.Evidence));
    }

    [Fact]
    public void Every_check_has_a_rule_and_every_rule_has_its_words_in_both_languages()
    {
        Assert.Equal(Enum.GetValues<RdmaHealthCheck>(), HealthRule.All.Select(rule => rule.Check).Distinct().Order());
        foreach (HealthRule rule in HealthRule.All.Where(rule => rule.Measure != HealthMeasure.None))
        {
            Assert.EndsWith(".", rule.Meaning, StringComparison.Ordinal);
            Assert.True(rule.Advice is null == (rule.Measure == HealthMeasure.Healthy));
            Assert.True(rule.Thresholds.Count > 0 || rule.Measure == HealthMeasure.Healthy);
        }
        string[] sections = File.ReadAllText(Source()).Split("\n[")[1..];
        Assert.Equal(HealthRule.All.Count, sections.Length);
        foreach (string key in new[] { "meaning", "advice" })
        {
            Assert.All(sections, section => Assert.Equal(Lines(section, $"{key} ").Length, Lines(section, $"{key}.zh").Length));
            Assert.All(
                sections.SelectMany(section => Lines(section, $"{key}.zh")),
                line => Assert.Contains(line, letter => letter is >= '一' and <= '龥'));
        }
    }

    [Theory]
    [InlineData("measure = growth")]
    [InlineData("[PortState]\nmeasure = growth\nwarning = 3")]
    [InlineData("[PortState]\nnonsense")]
    public void A_rule_that_is_not_understood_is_refused(string text) =>
        Assert.Throws<InvalidDataException>(() => HealthRule.Parse(text.Split('\n')));

    private static string[] Lines(string section, string start) =>
        [.. section.Split('\n').Where(line => line.StartsWith(start, StringComparison.Ordinal))];

    private static string Source([CallerFilePath] string here = "") =>
        Path.Combine(Path.GetDirectoryName(here)!, "../../XTrace.Core/Rdma/health.rules");

    private static List<HealthFinding> Findings(HealthFacts facts) => s_judge.Judge(facts, [facts]);

    private static CounterFact Fact(
        string name, ulong? delta, RdmaCounterCategory category = RdmaCounterCategory.Error, RdmaCounterUnit unit = RdmaCounterUnit.Events,
        RdmaCounterDirection? direction = null) => new()
    {
        Name = name,
        Delta = delta,
        Category = category,
        Unit = unit,
        Direction = direction ?? CounterWords.DirectionOf(name),
    };

    private static Dictionary<string, string> Traits(string rate, string firmware) => new() { ["rate"] = rate, ["fw_ver"] = firmware };
}
