using System.Runtime.CompilerServices;
using XTrace.Rdma;
using XTrace.Sessions;
using XTrace.Testbed;

namespace XTrace.Tests;

/// <summary>The environment says where sysfs is, for the whole process: one such test at a time.</summary>
[CollectionDefinition("sysfs root")]
public sealed class SysfsRoot;

/// <summary>A tree that the engine takes for sysfs while it exists.</summary>
internal sealed class RdmaTree : IDisposable
{
    internal RdmaTree()
        : this(new SysfsTree())
    {
    }

    private RdmaTree(SysfsTree tree)
    {
        Tree = tree;
        Environment.SetEnvironmentVariable(Sysfs.RootVariable, tree.Root);
    }

    internal SysfsTree Tree { get; }

    /// <summary>One that was copied from a machine.</summary>
    internal static RdmaTree Unpack(string name) => new(SysfsTree.Unpack(Fixture($"{name}.tar.xz")));

    /// <summary>One laid out as other drivers lay out theirs: drivers, hfi1, down.</summary>
    internal static RdmaTree OfOtherDrivers(string part) => new(SysfsTree.Unpack(Fixture("other-drivers.tar.xz"), part));

    internal static string Fixture(string name, [CallerFilePath] string here = "") =>
        Path.Combine(Path.GetDirectoryName(here)!, "Fixtures/rdma", name);

    internal static RdmaDevice Device(string name) => Assert.Single(RdmaDevices.Read([name]));

    /// <summary>A session that has taken its first sample.</summary>
    internal static RdmaWatch Sample(CounterSelection? selection = null)
    {
        RdmaWatch watch = new(selection ?? new CounterSelection());
        watch.Sample();
        return watch;
    }

    /// <summary>The counters of one sample, by name.</summary>
    internal static Dictionary<string, RdmaCounter> Counters()
    {
        using RdmaWatch watch = Sample();
        return watch.Counters().ToDictionary(counter => counter.Name);
    }

    public void Dispose()
    {
        Environment.SetEnvironmentVariable(Sysfs.RootVariable, null);
        Tree.Dispose();
    }
}

/// <summary>A session that samples whenever it is told to, and remembers what it was told.</summary>
internal sealed class RdmaWatch : IDisposable
{
    private readonly RdmaSession _session;
    private RdmaSample _last;

    internal RdmaWatch(CounterSelection selection)
    {
        _session = new RdmaSession(new RdmaSessionOptions { Selection = selection, AtOnce = true, Samples = null }, Notices.Add);
        _session.Open();
    }

    internal List<Notice> Notices { get; } = [];

    internal IReadOnlyList<CounterPlace> Places => _last.Places;

    internal CounterFile[] Files => [.. Places.SelectMany(place => place.Files)];

    internal RdmaSample Sample() => _last = _session.Sample();

    internal IEnumerable<RdmaCounter> Counters() => _last.Counters();

    public void Dispose() => _session.Dispose();
}
