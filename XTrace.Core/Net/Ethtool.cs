using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using XTrace.Bpf;

namespace XTrace.Net;

/// <summary>
/// Asks the drivers of network interfaces through ioctl SIOCETHTOOL, linux/ethtool.h: ethtool netlink carries only the statistics
/// that standards name, and not those of a driver. Needs no privilege. A socket is of the network namespace that it was made in.
/// </summary>
internal sealed unsafe class Ethtool : IDisposable
{
    private const int Inet = 2; // AF_INET
    internal const int DatagramCloseOnExec = 2 | 0x80000; // SOCK_DGRAM | SOCK_CLOEXEC
    internal const nuint Request = 0x8946; // SIOCETHTOOL, linux/sockios.h
    internal const nuint RequestIndex = 0x8933; // SIOCGIFINDEX
    internal const nuint RequestAddress = 0x8927; // SIOCGIFHWADDR
    private const uint DriverInfo = 0x3; // ETHTOOL_GDRVINFO
    private const uint SetInfo = 0x37; // ETHTOOL_GSSET_INFO
    private const uint Strings = 0x1b; // ETHTOOL_GSTRINGS
    private const uint Statistics = 0x1d; // ETHTOOL_GSTATS
    private const uint LinkSettings = 0x4c; // ETHTOOL_GLINKSETTINGS
    private const int StatisticsSet = 1; // ETH_SS_STATS
    private const int NameLength = 32; // ETH_GSTRING_LEN
    private const int InterfaceNameLength = 16; // IFNAMSIZ
    private const int StringsHeader = 12; // struct ethtool_gstrings: command, set, count
    private const int StatisticsHeader = 8; // struct ethtool_stats: command, count
    private const int LinkHeader = 48; // struct ethtool_link_settings without the masks

    /// <summary>
    /// Kernels without commit 7b07be1ff1cb ("ethtool: Avoid overflowing userspace buffer on stats query") write as many as there are
    /// now, whatever has room. A set that doubles between two calls still fits.
    /// </summary>
    private const int MostStatistics = 32768;

    private readonly SocketHandle _socket = Libc.socket(Inet, DatagramCloseOnExec, 0);

    /// <summary>Two MiB, made only when they are needed: asking for a driver does without.</summary>
    private byte[] Buffer => field ??= GC.AllocateUninitializedArray<byte>(StringsHeader + (2 * MostStatistics * NameLength), pinned: true);

    /// <summary>The index of an interface of this namespace; 0 if there is none of this name.</summary>
    internal int IndexOf(string name)
    {
        InterfaceRequest request = default;
        return Call(name, RequestIndex, ref request) == 0 ? request.Value.Index : 0;
    }

    /// <summary>The first six bytes of an interface's address, as sysfs writes them; null if there is no such interface.</summary>
    internal string? AddressOf(string name)
    {
        InterfaceRequest request = default;
        return Call(name, RequestAddress, ref request) == 0
            ? NetInterfaces.FormatMac(new ReadOnlySpan<byte>(request.Value.Address, 6))
            : null;
    }

    /// <summary>The name of an interface's driver; null if it has none that says so.</summary>
    internal string? DriverOf(string name)
    {
        const int Length = 196; // struct ethtool_drvinfo
        byte* start = stackalloc byte[Length];
        Span<byte> info = new(start, Length);
        info.Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(info, DriverInfo);
        return Ask(name, (nint)start) == 0 ? TextOf(info.Slice(4, NameLength)) : null;
    }

    /// <summary>How many statistics an interface's driver has; a negative error number if the kernel refuses.</summary>
    internal int CountStatistics(string name)
    {
        Span<byte> info = Buffer.AsSpan(0, 20); // struct ethtool_sset_info with one answer
        info.Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(info, SetInfo);
        BinaryPrimitives.WriteUInt64LittleEndian(info[8..], 1UL << StatisticsSet);
        int failed = Ask(name);
        bool has = BinaryPrimitives.ReadUInt64LittleEndian(info[8..]) != 0;
        return failed != 0 ? failed : has ? (int)BinaryPrimitives.ReadUInt32LittleEndian(info[16..]) : 0;
    }

    /// <summary>The names of an interface's statistics; empty if they are not so many any more.</summary>
    internal string[] NamesOfStatistics(string name, int count)
    {
        if (count is <= 0 or > MostStatistics)
        {
            return [];
        }
        BinaryPrimitives.WriteUInt32LittleEndian(Buffer, Strings);
        BinaryPrimitives.WriteUInt32LittleEndian(Buffer.AsSpan(4), StatisticsSet);
        BinaryPrimitives.WriteUInt32LittleEndian(Buffer.AsSpan(8), (uint)count);
        if (Ask(name) != 0 || BinaryPrimitives.ReadUInt32LittleEndian(Buffer.AsSpan(8)) != count)
        {
            return [];
        }
        string[] names = new string[count];
        for (int i = 0; i < count; i++)
        {
            names[i] = TextOf(Buffer.AsSpan(StringsHeader + (i * NameLength), NameLength));
        }
        return names;
    }

    /// <summary>Reads the statistics of an interface, in the order of their names.</summary>
    /// <param name="name">The interface.</param>
    /// <param name="count">How many there are.</param>
    /// <param name="values">The values, valid until the next call.</param>
    /// <returns>0; a negative error number if the kernel refuses or they are not so many any more.</returns>
    internal int ReadStatistics(string name, int count, out ReadOnlySpan<ulong> values)
    {
        values = default;
        BinaryPrimitives.WriteUInt32LittleEndian(Buffer, Statistics);
        BinaryPrimitives.WriteUInt32LittleEndian(Buffer.AsSpan(4), (uint)count);
        int failed = Ask(name);
        if (failed != 0)
        {
            return failed;
        }
        if (BinaryPrimitives.ReadUInt32LittleEndian(Buffer.AsSpan(4)) != count)
        {
            return -Errnos.ENOENT;
        }
        values = MemoryMarshal.Cast<byte, ulong>(Buffer.AsSpan(StatisticsHeader, count * sizeof(ulong)));
        return 0;
    }

    /// <summary>The link of an interface, and the best that it supports. Null if the driver does not tell.</summary>
    internal EthernetLink? LinkOf(string name)
    {
        // The first call asks how long the masks are; the kernel answers with the negative number of words.
        Span<byte> settings = Buffer.AsSpan(0, LinkHeader + (3 * sbyte.MaxValue * sizeof(uint)));
        settings.Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(settings, LinkSettings);
        if (Ask(name) != 0 || (sbyte)settings[15] >= 0)
        {
            return null;
        }
        int words = -(sbyte)settings[15];
        settings.Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(settings, LinkSettings);
        settings[15] = (byte)words;
        if (Ask(name) != 0)
        {
            return null;
        }
        int speed = BinaryPrimitives.ReadInt32LittleEndian(settings[4..]);
        ReadOnlySpan<byte> Mask(Span<byte> all, int index) => all.Slice(LinkHeader + (index * words * sizeof(uint)), words * sizeof(uint));
        return new EthernetLink(
            speed <= 0 ? null : speed,
            LinkModes.Fastest(Mask(settings, 0)),
            LinkModes.Fastest(Mask(settings, 1)),
            LinkModes.Fastest(Mask(settings, 2)));
    }

    public void Dispose() => _socket.Dispose();

    /// <returns>0, or a negative error number.</returns>
    private int Ask(string name) => Ask(name, Marshal.UnsafeAddrOfPinnedArrayElement(Buffer, 0));

    private int Ask(string name, nint data)
    {
        InterfaceRequest request = default;
        request.Value.Data = data;
        return Call(name, Request, ref request);
    }

    private int Call(string name, nuint command, ref InterfaceRequest request)
    {
        if (_socket.IsInvalid || Encoding.UTF8.GetByteCount(name) >= InterfaceNameLength)
        {
            return -Errnos.ENODEV;
        }
        fixed (InterfaceRequest* start = &request)
        {
            Encoding.UTF8.GetBytes(name, new Span<byte>(start->Name, InterfaceNameLength));
            return Libc.ioctl(_socket, command, start) < 0 ? -Marshal.GetLastPInvokeError() : 0;
        }
    }

    private static string TextOf(ReadOnlySpan<byte> text) =>
        Encoding.UTF8.GetString(text.IndexOf((byte)0) is >= 0 and var end ? text[..end] : text);

    /// <summary>struct ifreq, linux/if.h.</summary>
    private struct InterfaceRequest
    {
        internal fixed byte Name[InterfaceNameLength];
        internal RequestValue Value;
    }

    [StructLayout(LayoutKind.Explicit, Size = 24)]
    private struct RequestValue
    {
        [FieldOffset(0)]
        internal nint Data;
        [FieldOffset(0)]
        internal int Index;
        [FieldOffset(2)] // behind sa_family
        internal fixed byte Address[14];
    }
}

/// <summary>Speeds of an Ethernet link in Mbit/s; null where the driver does not say.</summary>
/// <param name="Speed">The speed that it has.</param>
/// <param name="Supported">The greatest that the interface supports with what is plugged in.</param>
/// <param name="Advertised">The greatest that it offers to its partner: an administrator may have limited it.</param>
/// <param name="Partner">The greatest that the partner offers; without negotiation it says nothing.</param>
internal readonly record struct EthernetLink(int? Speed, int? Supported, int? Advertised, int? Partner);
