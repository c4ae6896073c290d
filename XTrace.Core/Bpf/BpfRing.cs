using System.Runtime.InteropServices;
using XTrace.Messages;

namespace XTrace.Bpf;

/// <summary>Takes one record of a ring buffer.</summary>
internal delegate void RingRecord(ReadOnlySpan<byte> record);

/// <summary>Reads BPF ring buffers: each has one reader at a time.</summary>
internal sealed unsafe class BpfRing : SafeHandle
{
    private readonly List<GCHandle> _receivers = [];

    internal BpfRing()
        : base(0, ownsHandle: true)
    {
    }

    /// <summary>True before the first ring buffer was added.</summary>
    public override bool IsInvalid => handle == 0;

    /// <summary>Reads one more.</summary>
    /// <param name="map">The ring buffer.</param>
    /// <param name="receive">Takes each of its records, in the order they were written.</param>
    /// <exception cref="BpfException">It cannot be mapped into memory.</exception>
    internal void Add(BpfHandle map, RingRecord receive)
    {
        GCHandle receiver = GCHandle.Alloc(receive);
        _receivers.Add(receiver);
        using BpfLog log = new();
        int error;
        if (IsInvalid)
        {
            SetHandle(LibBpf.ring_buffer__new(map, &Receive, GCHandle.ToIntPtr(receiver), 0));
            error = IsInvalid ? Marshal.GetLastPInvokeError() : 0;
        }
        else
        {
            error = -LibBpf.ring_buffer__add(this, map, &Receive, GCHandle.ToIntPtr(receiver));
        }
        if (error != 0)
        {
            throw new BpfException(KernelOperation.ReadRing, error, log.Text);
        }
    }

    /// <summary>Reads what is there.</summary>
    internal void Consume()
    {
        if (!IsInvalid)
        {
            _ = LibBpf.ring_buffer__consume(this);
        }
    }

    /// <summary>Waits until a writer wakes its reader, at most so long, and reads what is there then.</summary>
    internal void Poll(TimeSpan time)
    {
        if (LibBpf.ring_buffer__poll(this, (int)Math.Ceiling(time.TotalMilliseconds)) <= 0)
        {
            Consume();
        }
    }

    protected override bool ReleaseHandle()
    {
        LibBpf.ring_buffer__free(handle);
        _receivers.ForEach(receiver => receiver.Free());
        return true;
    }

    [UnmanagedCallersOnly]
    private static int Receive(nint receiver, void* record, nuint length)
    {
        ((RingRecord)GCHandle.FromIntPtr(receiver).Target!)(new ReadOnlySpan<byte>(record, (int)length));
        return 0;
    }
}
