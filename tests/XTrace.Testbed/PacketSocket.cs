using System.Runtime.InteropServices;

namespace XTrace.Testbed;

/// <summary>Sends frames out of an interface, byte for byte.</summary>
public sealed class PacketSocket : IDisposable
{
    private readonly int _fd;
    private readonly string _interface;
    private readonly Libc.PacketAddress _to;

    /// <summary>Opens it in the namespace of the calling thread; any thread may send.</summary>
    public PacketSocket(string interfaceName)
    {
        _interface = interfaceName;
        _to = new Libc.PacketAddress { Family = Libc.PacketFamily, InterfaceIndex = (int)Libc.if_nametoindex(interfaceName) };
        _fd = Libc.Check(Libc.socket(Libc.PacketFamily, Libc.RawCloseOnExec, 0), "open a packet socket");
        AwaitQueue();
    }

    /// <summary>
    /// Waits until the interface sends. One that came up a moment ago drops every frame without a word until the kernel's link watch
    /// has given it its queue; whoever asks for the link's state has that done at once (linkwatch_sync_dev, net/core/link_watch.c).
    /// </summary>
    public unsafe void AwaitQueue()
    {
        Libc.LinkRequest request = new() { Command = Libc.GetLink };
        Libc.InterfaceRequest name = new(_interface, (nint)(&request));
        _ = Libc.ioctl(_fd, Libc.EthtoolRequest, (byte*)&name); // An interface that has gone shows in the sending.
    }

    /// <summary>
    /// Sends one frame. A full ring at the other end drops it, and it is sent again: do not send what a filter drops.
    /// </summary>
    public void Send(byte[] frame)
    {
        while (Libc.sendto(_fd, frame, (nuint)frame.Length, 0, in _to, (uint)Marshal.SizeOf<Libc.PacketAddress>()) < 0)
        {
            int error = Marshal.GetLastPInvokeError();
            if (error != Libc.NoBuffers)
            {
                throw new InvalidOperationException($"send {frame.Length} bytes: {Marshal.GetPInvokeErrorMessage(error)}");
            }
            Thread.Sleep(0);
        }
    }

    public void Dispose() => _ = Libc.close(_fd);
}
