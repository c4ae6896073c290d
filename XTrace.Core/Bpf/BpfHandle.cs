using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using XTrace.Messages;

namespace XTrace.Bpf;

/// <summary>A file descriptor of a BPF map, program or link.</summary>
internal sealed class BpfHandle : SafeHandleMinusOneIsInvalid
{
    internal BpfHandle(int fd, bool owns = true)
        : base(owns) => SetHandle(fd);

    protected override bool ReleaseHandle() => Libc.close((int)handle) == 0;

    /// <summary>Wraps what a libbpf call returned: a descriptor, or a negative errno, which is thrown.</summary>
    internal static BpfHandle FromResult(int result, KernelOperation operation, string log = "", object? target = null) =>
        result >= 0 ? new BpfHandle(result) : throw new BpfException(operation, -result, log, target);

    /// <summary>Opens a pin.</summary>
    internal static BpfHandle Open(string path) => FromResult(LibBpf.bpf_obj_get(path), KernelOperation.OpenPin(path), target: path);

    /// <summary>A descriptor of its own for the same object.</summary>
    internal BpfHandle Duplicate()
    {
        int copy = Libc.fcntl(this, Libc.DuplicateCloseOnExec, 0);
        return copy >= 0 ? new BpfHandle(copy) : throw new BpfException(KernelOperation.DuplicateDescriptor, Marshal.GetLastPInvokeError());
    }

    /// <summary>Makes the object outlive this process.</summary>
    internal void Pin(string path)
    {
        int result = LibBpf.bpf_obj_pin(this, path);
        if (result < 0)
        {
            throw new BpfException(KernelOperation.Pin(path), -result, target: path);
        }
    }
}
