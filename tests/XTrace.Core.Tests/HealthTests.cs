using XTrace.Rdma;
using XTrace.Testbed;

namespace XTrace.Tests;

/// <summary>The health of ports on trees laid out as sysfs, and on copies of real ones.</summary>
[Collection("sysfs root")]
public sealed class HealthTests : IDisposable
{
    private const string Function = "devices/pci0000:3a/0000:3a:00.0/0000:3b:00.0";

    private readonly RdmaTree _tree = new();

    private SysfsTree Tree => _tree.Tree;

    public void Dispose() => _tree.Dispose();

    [Fact]
    public void A_healthy_port_is_one_line_that_says_what_was_checked()
    {
        Tree.AddCounters($"{Tree.AddPort(Tree.AddDevice("mlx5_0", "mlx5_core"))}/hw_counters", RdmaLayouts.Mlx5, "5");
        RdmaHealth health = Assert.Single(Examine());
        Assert.Equal(
            ("mlx5_0", 1, RdmaHealthCheck.All, RdmaHealthStatus.Ok, "Nothing wrong was found.", null),
            (health.Device, health.Port!.Value, health.Check, health.Status, health.Meaning, health.Advice));
        Assert.Matches(@"^15 checks, 29 counters, in \d+\.\d s; Active, 100 Gb/sec \(4X EDR\)$", health.Evidence);
    }

    [Fact]
    public void Error_counters_that_rise_are_named_with_how_much()
    {
        string device = Tree.AddDevice("mlx5_0", "mlx5_core");
        string port = Tree.AddPort(device);
        Tree.AddCounters($"{port}/counters", RdmaLayouts.ExtendedPortCounters, "5");
        Tree.AddCounters($"{device}/hw_counters", ["resp_cqe_error"], "5");
        RdmaHealth[] found = Examine(() =>
        {
            Tree.Write($"{port}/counters/symbol_error", "8");
            Tree.Write($"{port}/counters/port_rcv_errors", "6");
            Tree.Write($"{device}/hw_counters/resp_cqe_error", "205");
        });
        Assert.Equal(
            [
                (null, RdmaHealthCheck.ErrorCounters, RdmaHealthStatus.Critical),
                (1, RdmaHealthCheck.ErrorCounters, RdmaHealthStatus.Warning),
            ],
            found.Select(verdict => (verdict.Port, verdict.Check, verdict.Status)));
        Assert.StartsWith("port_rcv_errors +1, symbol_error +3; in ", found[1].Evidence, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("25 Gb/sec (1X EDR)", "InfiniBand", RdmaHealthStatus.Critical)]
    [InlineData("50 Gb/sec (2X EDR)", "InfiniBand", RdmaHealthStatus.Warning)]
    public void A_degraded_width_is_found(string rate, string layer, RdmaHealthStatus status)
    {
        Tree.AddPort(Tree.AddDevice("mlx5_0", "mlx5_core"), rate: rate, linkLayer: layer);
        RdmaHealth health = Assert.Single(Examine());
        Assert.Equal((RdmaHealthCheck.LinkWidth, status, $"{rate}, of 4X"), (health.Check, health.Status, health.Evidence));
    }

    [Theory]
    [InlineData(
        "16.0 GT/s PCIe", "8", "16.0 GT/s PCIe", "16",
        "16.0 GT/s x8; device 16.0 GT/s x16, slot 16.0 GT/s x16", RdmaHealthStatus.Critical)]
    [InlineData(
        "8.0 GT/s PCIe", "16", "16.0 GT/s PCIe", "16",
        "8.0 GT/s x16; device 16.0 GT/s x16, slot 16.0 GT/s x16", RdmaHealthStatus.Critical)]
    [InlineData("16.0 GT/s PCIe", "16", "16.0 GT/s PCIe", "16", null, null)]
    [InlineData("16.0 GT/s PCIe", "8", "16.0 GT/s PCIe", "8", null, null)] // the slot has no more
    [InlineData(
        "8.0 GT/s PCIe", "8", "8.0 GT/s PCIe", "8",
        "PCIe 8.0 GT/s x8 (63.02 Gbit/s), port 100 Gb/sec (4X EDR)", RdmaHealthStatus.Warning)]
    [InlineData("Unknown", "0", "16.0 GT/s PCIe", "16", null, null)] // a virtual function
    public void A_degraded_PCIe_link_is_found(
        string speed, string width, string slotSpeed, string slotWidth, string? evidence, RdmaHealthStatus? status)
    {
        AddBehindSlot(speed, width, slotSpeed, slotWidth);
        RdmaHealth[] found = [.. Examine().Where(verdict => verdict.Port == 1)];
        Assert.Equal(
            status is null ? [(RdmaHealthCheck.All, RdmaHealthStatus.Ok)] : [(RdmaHealthCheck.PcieLink, status.Value)],
            found.Select(verdict => (verdict.Check, verdict.Status)));
        Assert.True(evidence is null || found[0].Evidence == evidence, found[0].Evidence);
    }

    [Fact]
    public void A_carrier_that_goes_and_comes_is_found()
    {
        string port = Tree.AddPort(Tree.AddDevice("mlx5_0", "mlx5_core"));
        Tree.AddGid(port, 0, "fe80:0000:0000:0000:0000:0000:0000:0001", "eth0");
        Tree.Write($"{Tree.AddInterface("eth0")}/carrier_changes", "2");
        RdmaHealth health = Assert.Single(Examine(() => Tree.Write("class/net/eth0/carrier_changes", "4")));
        Assert.Equal(
            (RdmaHealthCheck.CarrierChanges, RdmaHealthStatus.Critical, "eth0"),
            (health.Check, health.Status, health.InterfaceAlias));
        Assert.StartsWith("carrier_changes +2; in ", health.Evidence, StringComparison.Ordinal);
    }

    [Fact]
    public void The_odd_one_of_four_ports_is_found()
    {
        foreach (int i in Enumerable.Range(0, 4))
        {
            string device = Tree.AddDevice($"mlx5_{i}", "mlx5_core", $"0000:3b:00.{i}");
            Tree.AddPort(device, rate: i == 2 ? "200 Gb/sec (4X HDR)" : "400 Gb/sec (4X NDR)");
        }
        RdmaHealth[] found = Examine();
        Assert.Equal(["mlx5_2"], found.Where(verdict => verdict.Status != RdmaHealthStatus.Ok).Select(verdict => verdict.Device));
        Assert.Equal("rate 200 Gb/sec (4X HDR); 3 others: 400 Gb/sec (4X NDR)", found[2].Evidence);
    }

    [Fact]
    public void Only_the_checks_that_are_asked_for_are_made()
    {
        Tree.AddPort(Tree.AddDevice("mlx5_0", "mlx5_core"), state: "1: DOWN");
        Assert.Equal(RdmaHealthCheck.PortState, Assert.Single(Examine()).Check);
        Assert.Equal(
            (RdmaHealthCheck.All, RdmaHealthStatus.Ok),
            Examine(checks: RdmaHealthCheck.PcieLink).Select(verdict => (verdict.Check, verdict.Status)).Single());
    }

    [Theory]
    [InlineData("6.1-before", RdmaHealthCheck.All, RdmaHealthStatus.Ok)]
    [InlineData("6.1-after", RdmaHealthCheck.All, RdmaHealthStatus.Ok)]
    [InlineData("7.3-after", RdmaHealthCheck.All, RdmaHealthStatus.Ok)]
    [InlineData("6.1-down", RdmaHealthCheck.PortState, RdmaHealthStatus.Critical)]
    [InlineData("7.3-down", RdmaHealthCheck.PortState, RdmaHealthStatus.Critical)]
    public void A_copy_of_a_real_machine_is_judged_by_its_ports(string name, RdmaHealthCheck check, RdmaHealthStatus status)
    {
        using RdmaTree tree = RdmaTree.Unpack($"rxe-{name}");
        Assert.Contains(Examine(), verdict => verdict.Device == "rxe0" && (verdict.Check, verdict.Status) == (check, status));
    }

    /// <summary>Counters of soft-RoCE before and after packets got lost, put into the files that are being watched.</summary>
    [Theory]
    [InlineData("7.3-after", "7.3-loss")]
    public void What_real_loss_did_to_counters_is_found(string before, string after)
    {
        using RdmaTree later = RdmaTree.Unpack($"rxe-{after}");
        string from = later.Tree.PathOf("class/infiniband/rxe0/ports/1/hw_counters");
        using RdmaTree tree = RdmaTree.Unpack($"rxe-{before}");
        RdmaHealth[] found = Examine(() =>
        {
            foreach (string file in Directory.GetFiles(from))
            {
                // It is open already, and may not be written, as the kernel's.
                string copy = tree.Tree.PathOf($"class/infiniband/rxe0/ports/1/hw_counters/{Path.GetFileName(file)}");
                File.SetUnixFileMode(copy, UnixFileMode.UserRead | UnixFileMode.UserWrite);
                File.WriteAllText(copy, File.ReadAllText(file));
            }
        });
        RdmaHealth health = found.Single(verdict => verdict.Device == "rxe0" && verdict.Check == RdmaHealthCheck.Retransmission);
        Assert.Equal(RdmaHealthStatus.Critical, health.Status);
        Assert.Contains("rcvd_seq_err +", health.Evidence, StringComparison.Ordinal);
    }

    /// <summary>Looks twice, and changes something in between.</summary>
    private static RdmaHealth[] Examine(Action? change = null, params RdmaHealthCheck[] checks)
    {
        using RdmaWatch watch = RdmaTree.Sample();
        change?.Invoke();
        using HealthExaminer examiner = new(checks);
        return [.. examiner.Examine(watch.Sample())];
    }

    private static RdmaHealth[] Examine(params RdmaHealthCheck[] checks) => Examine(null, checks);

    private void AddBehindSlot(string speed, string width, string slotSpeed, string slotWidth)
    {
        Tree.Write($"{Function}/current_link_speed", speed);
        Tree.Write($"{Function}/current_link_width", width);
        Tree.Write($"{Function}/max_link_speed", "16.0 GT/s PCIe");
        Tree.Write($"{Function}/max_link_width", "16");
        Tree.Write("devices/pci0000:3a/0000:3a:00.0/max_link_speed", slotSpeed);
        Tree.Write("devices/pci0000:3a/0000:3a:00.0/max_link_width", slotWidth);
        string folder = $"{Function}/infiniband/mlx5_0";
        Tree.Link("class/infiniband/mlx5_0", folder);
        Tree.Link($"{folder}/device", Function);
        Tree.Write($"{folder}/node_type", "1: CA");
        Tree.AddPort(folder);
    }
}
