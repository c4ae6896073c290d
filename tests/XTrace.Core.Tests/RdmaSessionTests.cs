using System.Diagnostics;
using XTrace.Net;
using XTrace.Rdma;
using XTrace.Sessions;
using XTrace.Testbed;

namespace XTrace.Tests;

/// <summary>What a session finds again at every sample, what it tells, and when it samples.</summary>
[Collection("sysfs root")]
public sealed class RdmaSessionTests : IDisposable
{
    private static readonly TimeSpan s_interval = TimeSpan.FromMilliseconds(100);

    private readonly RdmaTree _tree = new();

    private SysfsTree Tree => _tree.Tree;

    public void Dispose() => _tree.Dispose();

    [Fact]
    public void Samples_have_numbers_from_1_and_one_time_for_all_rows()
    {
        AddDevice("mlx5_0", 0);
        AddDevice("mlx5_1", 1);
        using RdmaSession session = Open(new RdmaSessionOptions { Interval = s_interval, Samples = 3 }, _ => { });
        List<RdmaCounter[]> samples = [];
        while (session.Wait(s_interval, tick: null))
        {
            samples.Add([.. session.Sample().Counters()]);
        }
        Assert.Equal([1L, 2L, 3L], samples.Select(sample => Assert.Single(sample.Select(counter => counter.Sample).Distinct())));
        Assert.Equal(3, samples.Select(sample => Assert.Single(sample.Select(counter => counter.Timestamp).Distinct())).Distinct().Count());
        // There was a reading before the first, so that it has increments.
        Assert.All(samples.SelectMany(sample => sample), counter => Assert.Equal(0ul, counter.Delta));
    }

    [Fact]
    public void At_once_the_first_sample_waits_for_nothing_and_has_no_increments()
    {
        AddDevice("mlx5_0", 0);
        using RdmaSession session = Open(new RdmaSessionOptions { Interval = TimeSpan.FromHours(1), AtOnce = true }, _ => { });
        Assert.True(session.Wait(s_interval, tick: null));
        Assert.Null(Assert.Single(session.Sample().Counters()).Delta);
        Assert.False(session.Wait(s_interval, tick: null));
    }

    [Fact]
    public void Waiting_ticks_at_each_step_and_ends_at_once_when_another_thread_stops_it()
    {
        AddDevice("mlx5_0", 0);
        using RdmaSession session = Open(new RdmaSessionOptions { Interval = TimeSpan.FromHours(1), Samples = null }, _ => { });
        int ticks = 0;
        Thread other = new(() =>
        {
            SpinWait.SpinUntil(() => Volatile.Read(ref ticks) >= 3, TimeSpan.FromSeconds(20));
            session.Stop();
        });
        other.Start();
        Stopwatch clock = Stopwatch.StartNew();
        Assert.False(session.Wait(s_interval, () => Interlocked.Increment(ref ticks)));
        other.Join();
        // A pause may end early, within the millisecond that it is given in.
        Assert.InRange(clock.Elapsed, s_interval * 1.9, TimeSpan.FromSeconds(20));
        Assert.InRange(ticks, 3, 30);
    }

    [Fact]
    public void What_appears_is_picked_up_and_what_goes_ends_quietly_and_both_are_told()
    {
        string device = AddDevice("mlx5_0", 0);
        using RdmaWatch watch = RdmaTree.Sample();
        Assert.Equal(["mlx5_0/1 c"], Rows(watch));
        Assert.Empty(watch.Notices);

        AddDevice("mlx5_1", 1);
        AssertNext(watch, "RdmaDeviceAppeared mlx5_1", "mlx5_0/1 c", "mlx5_1/1 c");
        Tree.Write($"{Tree.AddPort(device, 2)}/counters/c", "1");
        AssertNext(watch, "RdmaPortAppeared mlx5_0/2", "mlx5_0/1 c", "mlx5_0/2 c", "mlx5_1/1 c");
        Tree.AddCounters($"{device}/ports/1/hw_counters", ["d", "e"], "1");
        AssertNext(watch, "RdmaCounterAppeared mlx5_0/1, d, e", "mlx5_0/1 c", "mlx5_0/1 d", "mlx5_0/1 e", "mlx5_0/2 c", "mlx5_1/1 c");
        File.Delete(Tree.PathOf($"{device}/ports/1/hw_counters/d"));
        AssertNext(watch, "RdmaCounterGone mlx5_0/1, d", "mlx5_0/1 c", "mlx5_0/1 e", "mlx5_0/2 c", "mlx5_1/1 c");
        Directory.Delete(Tree.PathOf($"{device}/ports/1/hw_counters"), recursive: true);
        AssertNext(watch, "RdmaCounterGone mlx5_0/1, e", "mlx5_0/1 c", "mlx5_0/2 c", "mlx5_1/1 c");
        Directory.Delete(Tree.PathOf($"{device}/ports/2"), recursive: true);
        AssertNext(watch, "RdmaPortGone mlx5_0/2", "mlx5_0/1 c", "mlx5_1/1 c");
        File.Delete(Tree.PathOf("class/infiniband/mlx5_1"));
        AssertNext(watch, "RdmaDeviceGone mlx5_1", "mlx5_0/1 c");
    }

    [Fact]
    public void A_device_that_comes_back_counts_from_its_own_beginning()
    {
        string device = AddDevice("mlx5_0", 0);
        using RdmaWatch watch = RdmaTree.Sample(new CounterSelection { Targets = [new RdmaTarget("mlx5_0")] });
        Directory.Delete(Tree.PathOf(device), recursive: true);
        File.Delete(Tree.PathOf("class/infiniband/mlx5_0"));
        AssertNext(watch, "RdmaDeviceGone mlx5_0");
        AssertNext(watch, null);
        AddDevice("mlx5_0", 0);
        Tree.Write($"{device}/ports/1/counters/c", "100000");
        AssertNext(watch, "RdmaDeviceAppeared mlx5_0", "mlx5_0/1 c");
        Assert.Null(Assert.Single(watch.Counters()).Delta);
        watch.Sample();
        Assert.Equal((100000ul, 0ul), (Assert.Single(watch.Counters()).Value!.Value, Assert.Single(watch.Counters()).Delta!.Value));
    }

    [Theory]
    [InlineData("eth0")]
    [InlineData("ETH0")]
    [InlineData("?th0")]
    public void Ports_of_a_network_interface_follow_it(string name)
    {
        string device = AddDevice("mlx5_0", 0);
        Tree.AddGid($"{device}/ports/1", 0, "fe80:0000:0000:0000:0000:0000:0000:0001", "eth0");
        string other = AddDevice("mlx5_1", 1);
        Tree.AddGid($"{other}/ports/1", 0, "fe80:0000:0000:0000:0000:0000:0000:0002", "eth1");
        Tree.AddInterface("eth0");
        using RdmaWatch watch = RdmaTree.Sample(new CounterSelection { Interfaces = [new NamePattern(name)] });
        Assert.Equal(["mlx5_0/1 c"], Rows(watch));
        // The interface moves: as a name does from one NIC to another.
        Tree.Write($"{device}/ports/1/gid_attrs/ndevs/0", "eth9");
        Tree.Write($"{other}/ports/1/gid_attrs/ndevs/0", "eth0");
        Tree.AddInterface("eth9");
        watch.Sample();
        Assert.Equal(["mlx5_1/1 c"], Rows(watch));
    }

    [Fact]
    public void With_many_devices_what_is_new_is_found_all_the_same_and_a_new_device_at_once()
    {
        foreach (int i in Enumerable.Range(0, 60))
        {
            AddDevice($"mlx5_{i}", i);
        }
        using RdmaWatch watch = RdmaTree.Sample();
        Assert.Equal(60, watch.Files.Length);
        AddDevice("mlx5_99", 99);
        watch.Sample();
        Assert.Equal(61, watch.Files.Length);
        Tree.Write("devices/pci0000:3b/0000:3b:23.0/infiniband/mlx5_35/ports/1/counters/later", "1");
        int samples = 0;
        for (; watch.Files.Length == 61 && samples < 20; samples++)
        {
            watch.Sample();
        }
        Assert.Contains("mlx5_35/1 later", Rows(watch));
        Assert.InRange(samples, 1, 10);
    }

    [Fact]
    public void Names_that_are_not_there_are_told_and_the_rest_is_sampled()
    {
        AddDevice("mlx5_0", 0);
        List<Notice> notices = [];
        RdmaSessionOptions options = new()
        {
            AtOnce = true,
            Selection = new CounterSelection
            {
                Targets = [new RdmaTarget("mlx5_0", 1, 7), new RdmaTarget("mlx5_9"), new RdmaTarget("nosuch*")],
                Filter = new CounterFilter { Names = [new NamePattern("C"), new NamePattern("d")] },
            },
        };
        using RdmaSession session = Open(options, notices.Add);
        Assert.Equal(
            [
                "There is no RDMA device 'mlx5_9'. There are: mlx5_0.",
                "There is no port 7 on mlx5_0. There are: mlx5_0/1.",
                "No selected port or device of mlx5_0 has a counter 'd'.",
            ],
            notices.Select(notice => notice.Text));
        Assert.All(notices, notice => Assert.Equal((NoticeLevel.Error, XTraceErrorKind.NotFound), (notice.Level, notice.Error!.Kind)));
        Assert.Single(session.Sample().Counters());
    }

    [Fact]
    public void A_folder_that_cannot_be_listed_is_told_once_with_its_reason()
    {
        string device = AddDevice("mlx5_0", 0);
        Tree.Link($"{device}/ports/1/hw_counters", $"{device}/ports/1/hw_counters");
        using RdmaWatch watch = RdmaTree.Sample();
        Assert.Equal(["mlx5_0/1 c"], Rows(watch));
        Notice notice = Assert.Single(watch.Notices);
        Assert.Equal((NoticeLevel.Error, "RdmaFolderUnreadable"), (notice.Level, notice.Id));
        Assert.EndsWith(
            "/mlx5_0/ports/1/hw_counters': Too many levels of symbolic links. Its contents are left out. "
            + "Check its rights with 'ls -ld', and raise 'ulimit -n' if descriptors are short.",
            notice.Text, StringComparison.Ordinal);
        watch.Sample();
        Assert.Single(watch.Notices);
        Assert.False(watch.Places.Single(place => place.Port == 1).IsComplete);
    }

    private static RdmaSession Open(RdmaSessionOptions options, Action<Notice> report)
    {
        RdmaSession session = new(options, report);
        session.Open();
        return session;
    }

    private static IEnumerable<string> Rows(RdmaWatch watch) =>
        watch.Counters().Select(counter => $"{counter.Device}/{counter.Port} {counter.Name}");

    private static void AssertNext(RdmaWatch watch, string? told, params string[] rows)
    {
        watch.Notices.Clear();
        watch.Sample();
        Assert.Equal(rows, Rows(watch));
        Assert.Equal(told is null ? [] : [told], watch.Notices.Select(notice => $"{notice.Id} {string.Join(", ", notice.Arguments)}"));
        Assert.All(watch.Notices, notice => Assert.Equal(NoticeLevel.Information, notice.Level));
    }

    /// <summary>A device with a port that has a counter.</summary>
    private string AddDevice(string name, int number)
    {
        string device = Tree.AddDevice(name, "mlx5_core", $"0000:3b:{number:x2}.0");
        Tree.Write($"{Tree.AddPort(device)}/counters/c", "1");
        return device;
    }
}
