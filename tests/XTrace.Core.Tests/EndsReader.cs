using System.Runtime.InteropServices;
using XTrace.Bpf;
using XTrace.Flows;
using XTrace.Monitors;

namespace XTrace.Tests;

/// <summary>Reads the ends of a monitor's flows record by record, as the test says: not as a session does, which merges them.</summary>
internal sealed unsafe class EndsReader : IDisposable
{
    private readonly BpfRing _ring = new();
    private readonly BpfMemory _control;
    private readonly FlowMonitor _monitor;

    internal EndsReader(FlowMonitor monitor)
    {
        _monitor = monitor;
        _control = new BpfMemory(monitor.Maps.Control, sizeof(MonitorControl), isWritable: true);
        _ring.Add(monitor.Maps.Ends, Add);
    }

    /// <summary>What came, in order.</summary>
    internal List<FlowEnd> Ends { get; } = [];

    /// <summary>How long the records were.</summary>
    internal HashSet<int> Sizes { get; } = [];

    internal ulong Packets => Ends.Aggregate(0ul, (sum, end) => sum + end.Flow.Packets);

    internal ulong Bytes => Ends.Aggregate(0ul, (sum, end) => sum + end.Flow.Bytes);

    /// <summary>Says that somebody reads until so many jiffies from now.</summary>
    internal void Announce(int jiffies)
    {
        MonitorControl* control = (MonitorControl*)_control.Start;
        control->ReadUntil = _monitor.Calibrate().Jiffies + (uint)jiffies;
        control->IsRead = 1;
    }

    internal void Read() => _ring.Consume();

    internal void Poll(TimeSpan time) => _ring.Poll(time);

    private void Add(ReadOnlySpan<byte> record)
    {
        Sizes.Add(record.Length);
        FlowEnd end = default;
        record.CopyTo(MemoryMarshal.AsBytes(MemoryMarshal.CreateSpan(ref end, 1)));
        Ends.Add(end);
    }

    public void Dispose()
    {
        _ring.Dispose();
        _control.Dispose();
    }
}
