using System.Buffers.Binary;
using XTrace.Net;

namespace XTrace.Rdma;

/// <summary>
/// What RDMA netlink says of the optional counters of ports: rdma/rdma_netlink.h. It needs no privilege, and nothing is changed.
/// </summary>
internal sealed class RdmaStatistics : IDisposable
{
    private const ushort StatisticsGet = (5 << 10) + 17; // RDMA_NLDEV_CMD_STAT_GET
    private const ushort StatusGet = (5 << 10) + 24; // RDMA_NLDEV_CMD_STAT_GET_STATUS, from 5.16 on
    private const ushort Table = 80; // RDMA_NLDEV_ATTR_STAT_HWCOUNTERS
    private const ushort Entry = 81; // RDMA_NLDEV_ATTR_STAT_HWCOUNTER_ENTRY
    private const ushort EntryName = 82; // RDMA_NLDEV_ATTR_STAT_HWCOUNTER_ENTRY_NAME
    private const ushort EntryValue = 83; // RDMA_NLDEV_ATTR_STAT_HWCOUNTER_ENTRY_VALUE, u64
    private const ushort EntryIsEnabled = 95; // RDMA_NLDEV_ATTR_STAT_HWCOUNTER_DYNAMIC, u8: only of optional counters

    /// <summary>The numbers that the tests compare with the kernel's header.</summary>
    internal static readonly int[] Constants = [StatisticsGet, StatusGet, Table, Entry, EntryName, EntryValue, EntryIsEnabled];

    private NetlinkSocket? _socket;

    /// <summary>The names of a port's optional counters that are enabled; null where the kernel does not say.</summary>
    internal IReadOnlyList<string>? Enabled(string device, int port) =>
        Ask(StatusGet, device, port, out _) is { } answer ? ReadEnabled(answer) : null;

    /// <summary>The values of all counters of a port, as the driver reads them now.</summary>
    /// <param name="device">The device.</param>
    /// <param name="port">The port.</param>
    /// <param name="errno">The kernel's error number where it refuses, else 0.</param>
    internal IReadOnlyDictionary<string, ulong> Values(string device, int port, out int errno) =>
        Ask(StatisticsGet, device, port, out errno) is { } answer ? ReadValues(answer) : new Dictionary<string, ulong>();

    /// <summary>Reads what follows the header of an answer about what is enabled.</summary>
    internal static IReadOnlyList<string> ReadEnabled(ReadOnlySpan<byte> attributes)
    {
        List<string> names = [];
        ReadOnlySpan<byte> table = NetlinkAttributes.Find(attributes, Table);
        while (NetlinkAttributes.TryNext(ref table, out ushort type, out ReadOnlySpan<byte> entry))
        {
            if (type == Entry && NetlinkAttributes.Find(entry, EntryIsEnabled) is [not 0, ..]
                && NetlinkAttributes.Text(entry, EntryName) is { } name)
            {
                names.Add(name);
            }
        }
        return names;
    }

    /// <summary>Reads what follows the header of an answer with values.</summary>
    internal static IReadOnlyDictionary<string, ulong> ReadValues(ReadOnlySpan<byte> attributes)
    {
        Dictionary<string, ulong> values = [];
        ReadOnlySpan<byte> table = NetlinkAttributes.Find(attributes, Table);
        while (NetlinkAttributes.TryNext(ref table, out ushort type, out ReadOnlySpan<byte> entry))
        {
            ReadOnlySpan<byte> value = NetlinkAttributes.Find(entry, EntryValue);
            if (type == Entry && value.Length >= sizeof(ulong) && NetlinkAttributes.Text(entry, EntryName) is { } name)
            {
                values[name] = BinaryPrimitives.ReadUInt64LittleEndian(value);
            }
        }
        return values;
    }

    public void Dispose() => _socket?.Dispose();

    /// <returns>What follows the header of the answer; null if the kernel refuses.</returns>
    private byte[]? Ask(ushort request, string device, int port, out int errno)
    {
        errno = 0;
        try
        {
            _socket ??= NetlinkSocket.Open(NetlinkSocket.Rdma);
            foreach ((int index, string name) in RdmaNetlink.Devices(_socket))
            {
                if (name == device)
                {
                    byte[] body = RdmaNetlink.Asking((RdmaNetlink.DeviceIndex, index), (RdmaNetlink.PortIndex, port));
                    return _socket.Ask(request, body) is { Length: > 0 } answer ? answer : null;
                }
            }
            return null;
        }
        catch (XTraceException error)
        {
            errno = error.Arguments is [.., int number] ? number : 0;
            return null;
        }
    }
}
