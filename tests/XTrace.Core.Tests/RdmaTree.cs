using System.Runtime.CompilerServices;
using XTrace.Rdma;
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

    internal static string Fixture(string name, [CallerFilePath] string here = "") =>
        Path.Combine(Path.GetDirectoryName(here)!, "Fixtures/rdma", name);

    internal static RdmaDevice Device(string name) => Assert.Single(RdmaDevices.Read([name]));

    /// <summary>A sampler of all devices that has taken its first sample.</summary>
    internal static CounterSampler Sample(CounterFilter? filter = null)
    {
        CounterSampler sampler = new(filter ?? new CounterFilter());
        foreach (string device in RdmaDevices.Names)
        {
            sampler.Add(device, ports: []);
        }
        sampler.Sample();
        return sampler;
    }

    /// <summary>The counters of one sample, by name.</summary>
    internal static Dictionary<string, RdmaCounter> Counters(CounterFilter? filter = null)
    {
        using CounterSampler sampler = Sample(filter);
        return sampler.Counters().ToDictionary(one => one.Name);
    }

    public void Dispose()
    {
        Environment.SetEnvironmentVariable(Sysfs.RootVariable, null);
        Tree.Dispose();
    }
}
