using System.Diagnostics;
using XTrace.Rdma;

namespace XTrace.Cli;

/// <summary>Prints the counters of RDMA ports at each interval, until a signal comes or nobody reads any more.</summary>
internal static class RdmaLoop
{
    /// <summary>Returns when the user ends it.</summary>
    /// <exception cref="XTraceException">A device is not there, or all of them have disappeared.</exception>
    internal static void Run(RdmaRequest request, TextWriter output)
    {
        using Ending ending = new();
        IReadOnlyList<(PortFolder Port, IReadOnlyList<string> Interfaces)> ports = RdmaSelection.Find(request);
        string[] devices = [.. ports.Select(one => one.Port.Device).Distinct()];
        using CounterSampler sampler = new(new CounterFilter());
        foreach (string device in devices)
        {
            sampler.Add(device, request.Interfaces.Count == 0 ? [] : [.. ports.Where(one => one.Port.Device == device).Select(one => one.Port.Number)]);
        }
        TextWriter notes = request.Json ? Console.Error : output;
        notes.WriteLine(RdmaMessages.Started(request.AllCounters, devices));
        notes.Flush();
        // So that the first block has increments.
        sampler.Sample();
        long start = Stopwatch.GetTimestamp();
        ending.Repeat(request.Interval, request.Once, () =>
        {
            if (!devices.Any(RdmaDevices.Names.Contains))
            {
                throw RdmaDevices.NotFound(devices[0]);
            }
            sampler.Sample();
            if (request.Json)
            {
                WriteObjects(sampler, request.AllCounters, output);
            }
            else
            {
                WriteBlocks(Blocks(ports, sampler.Files, request.AllCounters), request.AllCounters, Stopwatch.GetElapsedTime(start), output);
            }
            output.Flush();
        });
    }

    /// <summary>Mode rdma has those that its blocks are made of.</summary>
    private static void WriteObjects(CounterSampler sampler, bool all, TextWriter output)
    {
        foreach (RdmaCounter counter in sampler.Counters(file => all || (file.Place.Port is not null && file.Info.Total != PortTotal.None)))
        {
            output.WriteLine(JsonLine.Of(counter));
        }
    }

    private static void WriteBlocks(IEnumerable<RdmaBlockSource> blocks, bool all, TimeSpan running, TextWriter output)
    {
        foreach (RdmaBlockSource block in blocks)
        {
            if (all)
            {
                NcclBlock.Write(block, running, output);
            }
            else
            {
                RdmaBlock.Write(block, running, output);
            }
        }
    }

    /// <summary>A block for each port; before them one for counters of the device as a whole, where it has some and all are wanted.</summary>
    private static IEnumerable<RdmaBlockSource> Blocks(
        IReadOnlyList<(PortFolder Port, IReadOnlyList<string> Interfaces)> ports, IReadOnlyList<CounterFile> files, bool withDevices)
    {
        ILookup<(string Device, int? Port), CounterFile> places = files.ToLookup(file => (file.Place.Device, file.Place.Port));
        foreach (var device in ports.GroupBy(one => one.Port.Device))
        {
            CounterFile[] whole = [.. places[(device.Key, null)]];
            if (withDevices && whole.Length > 0)
            {
                yield return new RdmaBlockSource(device.Key, null, [], whole);
            }
            foreach ((PortFolder port, IReadOnlyList<string> interfaces) in device)
            {
                yield return new RdmaBlockSource(device.Key, port, interfaces, [.. places[(port.Device, port.Number)]]);
            }
        }
    }
}

/// <summary>What one block shows.</summary>
/// <param name="Device">The device.</param>
/// <param name="Port">The port; null for the device as a whole.</param>
/// <param name="Interfaces">The port's network interfaces.</param>
/// <param name="Files">The counters.</param>
internal sealed record RdmaBlockSource(string Device, PortFolder? Port, IReadOnlyList<string> Interfaces, IReadOnlyList<CounterFile> Files)
{
    internal string Name => Port is { } port ? $"{Device}/{port.Number}" : Device;
}
