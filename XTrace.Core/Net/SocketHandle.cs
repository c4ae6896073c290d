using Microsoft.Win32.SafeHandles;

namespace XTrace.Net;

/// <summary>A socket.</summary>
internal class SocketHandle : SafeHandleMinusOneIsInvalid
{
    public SocketHandle()
        : base(ownsHandle: true)
    {
    }

    protected override bool ReleaseHandle() => Libc.close((int)handle) == 0;
}
