using XTrace.Bpf;

namespace XTrace.Flows;

/// <summary>The maps of one monitor, as descriptors of this process.</summary>
internal sealed class FlowMaps : IDisposable
{
    /// <summary>The maps as bpf/ names them, and the names of their pins: bpffs allows no dot.</summary>
    private static readonly (string Map, string Pin)[] s_names =
    [
        ("meta", "meta"), ("points", "points"), ("totals", "totals"), ("cpus", "cpus"), ("flows", "flows"), ("details", "details"),
        ("buckets", "buckets"), ("ends", "ends"), ("control", "control"), (".rodata", "config"),
    ];

    private readonly Dictionary<string, BpfHandle> _maps = [];

    private FlowMaps()
    {
    }

    /// <summary>The names of the pins.</summary>
    internal static IEnumerable<string> PinNames => s_names.Select(name => name.Pin);

    internal BpfHandle Meta => _maps["meta"];

    internal BpfHandle Points => _maps["points"];

    internal BpfHandle Totals => _maps["totals"];

    internal BpfHandle States => _maps["cpus"];

    internal BpfHandle Flows => _maps["flows"];

    internal BpfHandle Details => _maps["details"];

    internal BpfHandle Buckets => _maps["buckets"];

    internal BpfHandle Ends => _maps["ends"];

    internal BpfHandle Control => _maps["control"];

    /// <summary>The maps of an object that was loaded. They outlive it.</summary>
    internal static FlowMaps From(BpfObject loaded) => Make(name => loaded.Map(name.Map).Duplicate());

    /// <summary>The maps that a process pinned.</summary>
    /// <exception cref="BpfException">A pin cannot be opened.</exception>
    internal static FlowMaps Open(string folder) => Make(name => BpfHandle.Open(Path.Combine(folder, name.Pin)));

    /// <summary>Has an object that is not loaded yet use these maps.</summary>
    internal void UseIn(BpfObject bpf)
    {
        foreach ((string name, BpfHandle map) in _maps)
        {
            bpf.Reuse(name, map);
        }
    }

    /// <summary>Lets them outlive this process.</summary>
    internal void Pin(string folder)
    {
        foreach ((string map, string pin) in s_names)
        {
            _maps[map].Pin(Path.Combine(folder, pin));
        }
    }

    public void Dispose()
    {
        foreach (BpfHandle map in _maps.Values)
        {
            map.Dispose();
        }
    }

    private static FlowMaps Make(Func<(string Map, string Pin), BpfHandle> open)
    {
        FlowMaps maps = new();
        try
        {
            foreach ((string Map, string Pin) name in s_names)
            {
                maps._maps.Add(name.Map, open(name));
            }
            return maps;
        }
        catch
        {
            maps.Dispose();
            throw;
        }
    }
}
