using System.Globalization;
using XTrace.Net;
using XTrace.Rdma;
using XTrace.Testbed;

namespace XTrace.Tests;

/// <summary>How counters are read: what the kernel may refuse, what is opened, what it costs.</summary>
[Collection("sysfs root")]
public sealed class RdmaReadTests : IDisposable
{
    private readonly RdmaTree _tree = new();

    private SysfsTree Tree => _tree.Tree;

    public void Dispose() => _tree.Dispose();

    [Fact]
    public void A_counter_that_cannot_be_read_says_so_and_the_rest_goes_on()
    {
        string port = Tree.AddPort(Tree.AddDevice("bnxt_re0", "bnxt_en"));
        Tree.Write($"{port}/hw_counters/tx_bytes", "12");
        Tree.Fail($"{port}/hw_counters/rx_bytes", 22);
        Tree.Fail($"{port}/hw_counters/tx_pkts", 5);
        Tree.Write($"{port}/hw_counters/rx_pkts", "many");
        Tree.Write($"{port}/hw_counters/to_retransmits", "-1");
        Tree.Write($"{port}/hw_counters/dup_req", "");
        Tree.Write($"{port}/counters/symbol_error", "N/A (no PMA)");
        Tree.LinkToKernel($"{port}/hw_counters/missing_resp", "/nosuch");
        Tree.AddCounters($"{port}/hw_counters", ["rx_roce_errors"], "7");
        AssertCounters(
            "dup_req NotANumber -", "missing_resp Gone 2", "rx_bytes Failed 22", "rx_pkts NotANumber -", "rx_roce_errors Ok 7",
            "symbol_error NotAvailable -", "to_retransmits NotANumber -", "tx_bytes Ok 12", "tx_pkts Failed 5");
    }

    [Theory]
    [InlineData("EOPNOTSUPP", "NotSupported 95")]
    [InlineData("ENODEV", "Gone 19")]
    [InlineData("EINVAL", "Failed 22")]
    [InlineData("EBUSY", "Failed 16")]
    public void An_error_that_the_kernel_gives_while_reading_is_the_counter_s_alone(string errno, string said)
    {
        string port = Tree.AddPort(Tree.AddDevice("mlx5_0", "mlx5_core"));
        Tree.Write($"{port}/hw_counters/out_of_buffer", "1");
        Tree.Write($"{port}/hw_counters/np_cnp_sent", "2");
        string failing = Tree.PathOf($"{port}/hw_counters/out_of_buffer").Replace(
            Tree.PathOf("devices/pci0000:3b/0000:3b:00.0/infiniband"), Tree.PathOf("class/infiniband"), StringComparison.Ordinal);
        string output = OtherProcess.RunUnder(
            ["strace", "-f", "-qq", "-o", "/dev/null", "-P", failing, "-e", "trace=pread64", "-e", $"inject=pread64:error={errno}"],
            "rdma-counters");
        Assert.Equal(["np_cnp_sent Ok 2", $"out_of_buffer {said}"], output.Split('\n'));
    }

    [Fact]
    [Trait("Category", "Privileged")]
    public void A_device_that_is_removed_is_gone_and_comes_back_when_it_does()
    {
        using VethPair veth = new(watchedEndHere: true);
        string port = Tree.AddPort(Tree.AddDevice("mlx5_0", "mlx5_core"));
        // A file of a device that really can be removed while it is open.
        Tree.LinkToKernel($"{port}/hw_counters/rx_pkts", $"/sys/class/net/{veth.Interface}/statistics/rx_packets");
        Tree.Write($"{port}/hw_counters/tx_pkts", "1");
        using RdmaWatch sampler = RdmaTree.Sample();
        AssertLast(sampler, "rx_pkts Ok 0", "tx_pkts Ok 1");
        Command.Run("ip", "link", "del", veth.Interface);
        sampler.Sample();
        AssertLast(sampler, "rx_pkts Gone 19", "tx_pkts Ok 1");
        sampler.Sample();
        AssertLast(sampler, "rx_pkts Gone 2", "tx_pkts Ok 1");
        Command.Run("ip", "link", "add", veth.Interface, "type", "veth", "peer", "name", veth.PeerInterface);
        sampler.Sample();
        AssertLast(sampler, "rx_pkts Ok 0", "tx_pkts Ok 1");
    }

    [Fact]
    public void A_device_that_vanishes_before_it_is_opened_has_ended()
    {
        string device = Tree.AddDevice("mlx5_0", "mlx5_core");
        Tree.AddCounters($"{Tree.AddPort(device)}/hw_counters", RdmaLayouts.Mlx5);
        using RdmaWatch sampler = new(new CounterSelection());
        Directory.Delete(Tree.PathOf(device), recursive: true);
        sampler.Sample();
        Assert.Empty(sampler.Files);
        Assert.Equal(["RdmaPortGone"], sampler.Notices.Select(notice => notice.Id));
    }

    [Fact]
    public void Wanted_counters_are_opened_once_and_read_from_their_start_and_others_not_at_all()
    {
        string port = Tree.AddPort(Tree.AddDevice("mlx5_0", "mlx5_core"));
        Tree.AddCounters($"{port}/hw_counters", [.. RdmaLayouts.Mlx5, "lifespan"]);
        string log = Path.Combine(Path.GetTempPath(), $"xtrace-strace-{Environment.ProcessId}");
        try
        {
            OtherProcess.RunUnder(
                ["strace", "-f", "-qq", "-o", log, "-e", "trace=openat,open,pread64,write"],
                "rdma-counters", "rp_cnp_handled", "3");
            string[] lines = [.. File.ReadLines(log)];
            string[] opened = [.. lines.Where(line => line.Contains("/hw_counters/", StringComparison.Ordinal))];
            string only = Assert.Single(opened);
            Assert.Contains("/hw_counters/rp_cnp_handled\", O_RDONLY|O_CLOEXEC", only, StringComparison.Ordinal);
            string descriptor = only.Split(" = ")[^1].Trim();
            string[] reads =
            [
                .. lines.Where(line => line.Contains($"pread64({descriptor}, ", StringComparison.Ordinal)
                    && line.Contains("64, 0)", StringComparison.Ordinal)),
            ];
            Assert.Equal(3, reads.Length);
        }
        finally
        {
            File.Delete(log);
        }
    }

    [Fact]
    public void With_too_few_descriptors_files_are_opened_for_each_read()
    {
        string port = Tree.AddPort(Tree.AddDevice("mlx5_0", "mlx5_core"));
        Tree.AddCounters($"{port}/hw_counters", Enumerable.Range(0, 400).Select(i => $"counter{i}"), "9");
        string output = OtherProcess.RunUnder(["sh", "-c", "ulimit -n 256 && exec \"$@\"", "sh"], "rdma-counters", "*", "2");
        string[] lines = output.Split('\n');
        Assert.Equal(400, lines.Length);
        Assert.All(lines, line => Assert.EndsWith(" Ok 9", line, StringComparison.Ordinal));
    }

    [Fact]
    public void After_the_first_sample_reading_allocates_nothing_for_a_counter()
    {
        string port = Tree.AddPort(Tree.AddDevice("mlx5_0", "mlx5_core"));
        Tree.AddCounters($"{port}/hw_counters", RdmaLayouts.Mlx5, "123");
        Tree.AddCounters($"{port}/counters", RdmaLayouts.ExtendedPortCounters, "123");
        using RdmaWatch sampler = RdmaTree.Sample();
        sampler.Sample();
        sampler.Sample();
        long before = GC.GetAllocatedBytesForCurrentThread();
        sampler.Sample();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        before = GC.GetAllocatedBytesForCurrentThread();
        RdmaCounter[] counters = [.. sampler.Counters()];
        long objects = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.All(counters, counter => Assert.Equal(0ul, counter.Delta));
        // The objects, and next to nothing for handing them out.
        Assert.InRange(objects / counters.Length, 1, 220);
    }

    /// <summary>Prints each counter's name, status and value or error number: the other process's part.</summary>
    internal static void Print(string pattern, int samples)
    {
        using RdmaWatch sampler = new(new CounterSelection { Filter = new CounterFilter { Names = [new NamePattern(pattern)] } });
        for (int i = 0; i < samples; i++)
        {
            sampler.Sample();
        }
        Console.WriteLine(string.Join('\n', Lines(sampler)));
    }

    private static void AssertCounters(params string[] expected)
    {
        using RdmaWatch sampler = RdmaTree.Sample();
        AssertLast(sampler, expected);
    }

    private static void AssertLast(RdmaWatch sampler, params string[] expected) =>
        Assert.Equal(expected, Lines(sampler).Order(StringComparer.Ordinal));

    private static IEnumerable<string> Lines(RdmaWatch sampler) => sampler.Counters().Select(counter =>
    {
        string? value = counter.Value?.ToString(CultureInfo.InvariantCulture) ?? counter.ErrorCode?.ToString(CultureInfo.InvariantCulture);
        return $"{counter.Name} {counter.Status} {value ?? "-"}";
    });
}
