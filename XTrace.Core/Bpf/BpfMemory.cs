using System.Runtime.InteropServices;
using XTrace.Messages;

namespace XTrace.Bpf;

/// <summary>A BPF_F_MMAPABLE map's memory in this process.</summary>
internal sealed unsafe class BpfMemory : SafeHandle
{
    private readonly nuint _length;

    /// <param name="map">The map.</param>
    /// <param name="length">All its entries, in bytes.</param>
    /// <param name="isWritable">Whether this process may change them.</param>
    internal BpfMemory(BpfHandle map, long length, bool isWritable = false)
        : base(-1, ownsHandle: true)
    {
        _length = (nuint)length;
        SetHandle(Libc.mmap(0, _length, isWritable ? Libc.ProtRead | Libc.ProtWrite : Libc.ProtRead, Libc.MapShared, map, 0));
        if (IsInvalid)
        {
            throw new BpfException(KernelOperation.MapMemory(length), Marshal.GetLastPInvokeError());
        }
    }

    public override bool IsInvalid => handle == -1;

    internal byte* Start => (byte*)handle;

    protected override bool ReleaseHandle() => Libc.munmap(handle, _length) == 0;
}
