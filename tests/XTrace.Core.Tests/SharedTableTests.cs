using XTrace.Flows;
using XTrace.Monitors;
using XTrace.Net;
using XTrace.Testbed;

namespace XTrace.Tests;

/// <summary>Which pinned points share a table, and when there is another.</summary>
[Collection(MonitorStoreTests.OneAtATime)]
[Trait("Category", "Privileged")]
public sealed class SharedTableTests : IDisposable
{
    private readonly VethPair _pair = new();
    private readonly MonitorOptions _options = new() { MaxFlow = 64 };

    [Fact]
    public void A_start_joins_the_monitor_that_keeps_the_same_flows()
    {
        using ExtraVeth extra = new(_pair, "xa1");
        XdpMonitor first = Start(_pair.Interface, _options);
        XdpMonitor joined = Start("xa1", _options);
        Assert.Equal(FolderOf(first), FolderOf(joined));
        _pair.Send(Frames.Udp4("10.0.0.1", 1, "10.0.0.2", 2), 2);
        extra.Send(Frames.Udp4("10.0.0.1", 1, "10.0.0.2", 2), 3);
        Assert.True(SpinWait.SpinUntil(() => Find(_pair.Interface).Packets == 2 && Find("xa1").Packets == 3, 5000));
        Assert.Equal((1, 1, 2), (Find("xa1").UsedSlots, Find(_pair.Interface).UsedSlots, Find("xa1").TableUsedSlots));

        // The first goes, the table stays with the other.
        _pair.Run(() => Store.Stop(first));
        Assert.Equal((3ul, 1L), (Find("xa1").Packets, Find("xa1").UsedSlots));
        XdpMonitor again = Start(_pair.Interface, _options);
        Assert.Equal(FolderOf(joined), FolderOf(again));
        Assert.Equal((0ul, 0L), (Find(_pair.Interface).Packets, Find(_pair.Interface).UsedSlots));
    }

    [Fact]
    public void A_start_that_keeps_other_flows_or_another_number_has_a_table_of_its_own()
    {
        using ExtraVeth second = new(_pair, "xa1");
        using ExtraVeth third = new(_pair, "xa2");
        using ExtraVeth fourth = new(_pair, "xa3");
        XdpMonitor[] started =
        [
            Start(_pair.Interface, _options),
            Start("xa1", _options with { Filter = new FlowFilter { Port = [443] } }),
            Start("xa2", _options with { MaxFlow = 128 }),
            Start("xa3", _options with { Filter = new FlowFilter { Port = [443] } }),
        ];
        string[] folders = [.. started.Select(FolderOf)];
        Assert.Equal(3, folders.Distinct().Count());
        Assert.Equal(folders[1], folders[3]);
        Assert.Equal(["", "Port 443", "", "Port 443"], started.Select(monitor => $"{monitor.Filter}"));
        Assert.Equal([64, 64, 128, 64], started.Select(monitor => monitor.MaxFlow));
    }

    /// <summary>The old one counts until the new one does: in one table a frame would be in both.</summary>
    [Fact]
    public void What_replaces_a_point_is_in_another_table()
    {
        XdpMonitor first = Start(_pair.Interface, _options);
        XdpMonitor second = _pair.Run(() => Store.Start(_pair.Interface, FlowDirection.Ingress, _options, force: true));
        Assert.NotEqual(FolderOf(first), FolderOf(second));
        Assert.False(Directory.Exists(FolderOf(first)));
        Assert.Equal(FolderOf(second), FolderOf(Assert.Single(_pair.Run(Store.List))));
    }

    [Fact]
    public void More_points_than_a_table_has_places_for_have_a_second_table()
    {
        const int More = 50; // both directions: more than the 64 places of a monitor that began with one
        Start(_pair.Interface, _options);
        string batch = string.Join('\n', Enumerable.Range(0, More / 2).Select(i => $"link add xd{i} type veth peer name xdp{i}"));
        _pair.Run(() => Command.Run("sh", "-c", $"ip -batch - <<'END'\n{batch}\nEND"));
        List<Notice> errors = [];
        IReadOnlyList<XdpMonitor> started = _pair.Run(() => MonitorStore.Start(
            [.. NetInterfaces.List().Where(target => target.Name.StartsWith("xd", StringComparison.Ordinal))
                .SelectMany(
                    _ => (FlowDirection[])[FlowDirection.Ingress, FlowDirection.Egress], (target, direction) => (target, direction))],
            _options,
            force: false,
            notice => errors.AddRange(notice.Level == NoticeLevel.Error ? [notice] : Array.Empty<Notice>())));
        Assert.Empty(errors);
        Assert.Equal(2 * More, started.Count);
        Assert.All(started, monitor => Assert.Equal(MonitorState.Running, monitor.State));
        XdpMonitor[] all = [.. _pair.Run(Store.List)];
        Assert.Equal((2 * More) + 1, all.Length);
        Assert.Equal(2, all.Select(FolderOf).Distinct().Count());
        _pair.Run(() => Store.Stop(all));
        Assert.False(Directory.Exists(_pair.Run(() => PinFolder.OfNamespace)));
    }

    public void Dispose() => _pair.Dispose();

    private static string FolderOf(XdpMonitor monitor) => Path.GetDirectoryName(monitor.Path)!;

    private XdpMonitor Start(string name, MonitorOptions options) => _pair.Run(() => Store.Start(name, FlowDirection.Ingress, options));

    private XdpMonitor Find(string name) => _pair.Run(() => Store.Find(name))!;
}
