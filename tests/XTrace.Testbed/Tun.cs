namespace XTrace.Testbed;

/// <summary>A tun interface, whose packets are IP without any header before it; gone when disposed.</summary>
public sealed unsafe class Tun : IDisposable
{
    private const nuint SetInterface = 0x400454ca; // TUNSETIFF, linux/if_tun.h
    private const nuint SetLinkType = 0x400454cd; // TUNSETLINK
    private const ushort Layer3 = 0x0001; // IFF_TUN

    /// <summary>IFF_NO_PI: nothing before each packet.</summary>
    internal const ushort NoPacketInformation = 0x1000;

    private readonly int _fd;

    /// <summary>Makes it in the namespace of the calling thread, and brings it up.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="hardwareType">What it claims to be: ARPHRD_* of linux/if_arp.h, of itself ARPHRD_NONE.</param>
    public Tun(string name, ushort hardwareType = 0xfffe)
    {
        Interface = name;
        _fd = Open(name, Layer3 | NoPacketInformation);
        Libc.Check(Libc.ioctl(_fd, SetLinkType, (byte*)hardwareType), $"make {name} of type {hardwareType}");
        File.WriteAllText($"/proc/sys/net/ipv6/conf/{name}/disable_ipv6", "1");
        Command.Run("ip", "link", "set", name, "up");
    }

    public string Interface { get; }

    /// <summary>Lets an IP packet arrive at the interface, as from the far end of a tunnel.</summary>
    public void Arrive(byte[] packet)
    {
        if (Libc.write(_fd, packet, (nuint)packet.Length) != packet.Length)
        {
            throw new InvalidOperationException($"{Interface} did not take {packet.Length} bytes.");
        }
    }

    /// <summary>Takes the next packet that left through the interface; waits until there is one.</summary>
    public byte[] Take()
    {
        byte[] packet = new byte[65536];
        int length = Libc.Check((int)Libc.read(_fd, packet, (nuint)packet.Length), $"read {Interface}");
        return packet[..length];
    }

    public void Dispose() => _ = Libc.close(_fd);

    /// <summary>Makes an interface of the driver tun, which lives as long as the descriptor.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="flags">IFF_* of linux/if_tun.h.</param>
    internal static int Open(string name, ushort flags)
    {
        int fd = Libc.Check(Libc.open("/dev/net/tun", Libc.OpenReadWrite | Libc.OpenCloseOnExec), "open /dev/net/tun");
        Libc.InterfaceRequest request = new(name, flags);
        Libc.Check(Libc.ioctl(fd, SetInterface, (byte*)&request), $"make {name}");
        return fd;
    }
}
