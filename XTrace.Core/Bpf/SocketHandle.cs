using Microsoft.Win32.SafeHandles;

namespace XTrace.Bpf;

/// <summary>A socket that ioctl is called on.</summary>
internal sealed class SocketHandle : SafeHandleMinusOneIsInvalid
{
    public SocketHandle()
        : base(ownsHandle: true)
    {
    }

    protected override bool ReleaseHandle() => Libc.close((int)handle) == 0;
}
