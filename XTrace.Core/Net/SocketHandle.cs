using Microsoft.Win32.SafeHandles;

namespace XTrace.Net;

/// <summary>A socket that options are set on or ioctl is called on.</summary>
internal sealed class SocketHandle : SafeHandleMinusOneIsInvalid
{
    public SocketHandle()
        : base(ownsHandle: true)
    {
    }

    protected override bool ReleaseHandle() => Libc.close((int)handle) == 0;
}
