using System.Runtime.InteropServices;
using System.Text;

namespace XTrace.Testbed;

/// <summary>A tun interface of the calling thread's namespace, without packet information; gone when disposed.</summary>
public sealed class TunDevice : IDisposable
{
    private readonly FileStream _file = new("/dev/net/tun", FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, 0);

    public TunDevice(string name)
    {
        Libc.TunRequest request = new() { Flags = Libc.TunWithoutInformation };
        Encoding.ASCII.GetBytes(name, MemoryMarshal.AsBytes(MemoryMarshal.CreateSpan(ref request, 1))[..15]);
        Libc.Check(Libc.ioctl((int)_file.SafeFileHandle.DangerousGetHandle(), Libc.SetTunInterface, ref request), $"make {name}");
    }

    /// <summary>Lets a packet arrive at the interface.</summary>
    public void Write(ReadOnlySpan<byte> packet) => _file.Write(packet);

    /// <summary>Takes the next packet that left through the interface.</summary>
    public byte[] Read()
    {
        byte[] buffer = new byte[65536];
        return buffer[.._file.Read(buffer)];
    }

    public void Dispose() => _file.Dispose();
}
