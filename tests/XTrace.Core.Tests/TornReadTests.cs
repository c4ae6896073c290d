using System.Diagnostics;
using XTrace.Flows;
using XTrace.Monitors;
using XTrace.Testbed;
using static XTrace.Testbed.Frames;

namespace XTrace.Tests;

/// <summary>The reader while the writer evicts and rewrites the slots that it reads.</summary>
[Collection("alone")]
[Trait("Category", "Privileged")]
public sealed class TornReadTests
{
    private const int FlowCount = 24; // for 8 slots a CPU

    [Fact]
    public void A_flow_read_under_load_is_one_flow()
    {
        using VethPair pair = new();
        MonitorOptions options = new() { MaxFlow = 8, Hooks = [MonitorHook.XdpNative] };
        using OwnMonitor monitor = pair.Run(() => OwnMonitor.Attach(pair.Interface, FlowDirection.Ingress, options));
        // Each flow's frames have a length of their own, and come once, twice or thrice in a row.
        byte[][] frames = [.. Enumerable.Range(0, FlowCount).Select(i => Udp4($"10.{i}.{i}.{i}", i, $"10.{i}.{i}.{i}", i, 10 * i))];
        byte[][] load = [.. frames.SelectMany((frame, i) => Enumerable.Repeat(frame, 1 + (i % 3)))];
        using CancellationTokenSource stop = new();
        Thread writer = new(() =>
        {
            while (!stop.IsCancellationRequested)
            {
                pair.Send(load);
            }
        });
        writer.Start();
        FlowSnapshot snapshot = new();
        long read = 0;
        List<string> torn = [];
        try
        {
            Stopwatch time = Stopwatch.StartNew();
            // An emulated processor takes minutes.
            while ((read < 200_000 || monitor.Totals.EvictedPackets < 200_000) && time.Elapsed < TimeSpan.FromMinutes(10))
            {
                for (int i = 0; i < 100; i++)
                {
                    monitor.Monitor.Read(snapshot);
                    foreach (ref readonly FlowRow flow in snapshot.Rows)
                    {
                        read++;
                        if (!IsWhole(in flow, frames))
                        {
                            torn.Add($"{flow.Key.Ports:x} {flow.Packets} {flow.Bytes}");
                        }
                    }
                }
            }
        }
        finally
        {
            stop.Cancel();
            writer.Join();
        }
        Assert.True(torn.Count == 0, $"{torn.Count} of {read}: {string.Join("; ", torn.Take(5))}");
        monitor.Flows();
        Assert.InRange(monitor.Totals.EvictedPackets, 200_000ul, ulong.MaxValue);
        Assert.InRange(read, 200_000, long.MaxValue);
        Console.WriteLine($"Read {read} flows while {monitor.Totals.EvictedPackets} packets made room");
    }

    private static bool IsWhole(in FlowRow flow, byte[][] frames)
    {
        int i = FlowFields.SourcePortOf(flow.Key);
        if (i >= FlowCount || FlowFields.DestinationPortOf(flow.Key) != i)
        {
            return false;
        }
        // The frame in flight, of either CPU, may be in the bytes already; on arm64, in the packets: see flow.h.
        ulong length = (ulong)frames[i].Length;
        ulong ahead = Machine.Current == Machine.Arm64 ? 2ul : 0;
        bool counts = flow.Bytes + (ahead * length) >= flow.Packets * length
            && flow.Bytes <= (flow.Packets + 2) * length
            && flow.Bytes % length == 0;
        ulong address = 0xffff0000ul | ((ulong)(uint)((10 | (i << 8) | (i << 16) | (i << 24))) << 32);
        return counts && flow.Key is { Source0: 0, Destination0: 0 } && flow.Key.Source1 == address && flow.Key.Destination1 == address;
    }
}
