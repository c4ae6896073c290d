using System.Diagnostics;
using XTrace.Bpf;
using XTrace.Flows;
using static XTrace.Testbed.Frames;

namespace XTrace.Tests;

/// <summary>The reader while the writer evicts and rewrites the slots that it reads.</summary>
[Collection("alone")]
public sealed class TornReadTests
{
    private const int FlowCount = 12; // for 8 slots

    [Fact]
    public void A_flow_read_under_load_is_one_flow()
    {
        using TestTable table = new(maxFlow: 8);
        byte[][] frames = [.. Enumerable.Range(0, FlowCount).Select(i => Udp4($"10.{i}.{i}.{i}", i, $"10.{i}.{i}.{i}", i, 10 * i))];
        using CancellationTokenSource stop = new();
        Thread writer = new(() => Cpu.Run(0, () =>
        {
            for (int i = 0; !stop.IsCancellationRequested; i++)
            {
                BpfProgram.TestRun(table.Program.Xdp, frames[i % FlowCount], 1 + (i % 5));
            }
        }));
        writer.Start();
        FlowSnapshot snapshot = new();
        long read = 0;
        List<string> torn = [];
        try
        {
            for (Stopwatch time = Stopwatch.StartNew(); time.ElapsedMilliseconds < 2000;)
            {
                table.Read(snapshot);
                foreach (ref readonly Flow flow in snapshot.Flows)
                {
                    read++;
                    if (!IsWhole(in flow, frames))
                    {
                        torn.Add($"{flow.Key.Ports:x} {flow.Packets} {flow.Bytes}");
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
        Assert.True(table.Snapshot().Totals.EvictedPackets > 10_000);
        Assert.True(read > 100_000);
    }

    private static bool IsWhole(in Flow flow, byte[][] frames)
    {
        int i = FlowFields.SourcePortOf(flow.Key);
        if (i >= FlowCount || FlowFields.DestinationPortOf(flow.Key) != i)
        {
            return false;
        }
        // The frame in flight may be in the bytes already.
        ulong length = (ulong)frames[i].Length;
        bool counts = flow.Bytes == flow.Packets * length || flow.Bytes == (flow.Packets + 1) * length;
        string address = $"10.{i}.{i}.{i}";
        return counts
            && FlowFields.Format(flow.Key, FlowFields.SourceOf(flow.Key)) == address
            && FlowFields.Format(flow.Key, FlowFields.DestinationOf(flow.Key)) == address;
    }
}
