using System.Globalization;
using System.Net;

namespace XTrace.Rdma;

/// <summary>The facts of a port for its queue pairs: its speed and its addresses.</summary>
internal sealed class QueuePairPort
{
    private const ulong FastestPort = 800_000_000_000; // bits a second, of ports that do not say: XDR 4X

    /// <summary>The MTU of an InfiniBand path if it is not known: the default of subnet managers.</summary>
    private const int UsualMtu = 2048;

    /// <summary>The bytes of the interface's MTU that RoCE takes for headers, at most: iboe_get_mtu in rdma/ib_addr.h.</summary>
    private const int RoceHeaders = 40 + 8 + 12 + 4 + 28 + 4;

    private const int SmallestMtu = 256;
    private const int LargestMtu = 4096;

    private readonly Dictionary<int, string?> _gids = [];
    private readonly string? _onlyAddress;
    private double _fastest;

    internal QueuePairPort(CounterPlace place)
    {
        Place = place;
        PortFolder port = place.PortFolder!.Value;
        Lid = port.ReadLid() is not 0 and var lid ? lid : null;
        string[] addresses = [.. GidTable.Read(port.Path)
            .Select(gid => gid.IPAddress)
            .Where(address => !IPAddress.Parse(address).IsIPv6LinkLocal)
            .Distinct()];
        _onlyAddress = addresses is [var only] ? only : null;
        Begin();
    }

    internal CounterPlace Place { get; }

    /// <summary>The local identifier; null on Ethernet.</summary>
    internal int? Lid { get; }

    /// <summary>Mean bytes of a packet since the sample before; null where the port does not count both.</summary>
    internal double? MeanPacket { get; private set; }

    /// <summary>Begins a sample: reads what may change.</summary>
    internal void Begin()
    {
        PortFolder port = Place.PortFolder!.Value;
        BitsPerSecond = PortFolder.ParseRate(port.ReadState().Rate) ?? FastestPort;
        PortMtu = Place.Interfaces.Count == 0 ? UsualMtu : MtuOf(Place.Interfaces[0].InterfaceAlias);
        _gids.Clear();
        PortTotals totals = new(Place);
        ulong? bytes = totals[PortTotal.SentBytes].Delta + totals[PortTotal.ReceivedBytes].Delta;
        ulong? packets = totals[PortTotal.SentPackets].Delta + totals[PortTotal.ReceivedPackets].Delta;
        MeanPacket = packets > 0 ? (double?)bytes / packets : null;
    }

    /// <summary>
    /// How many packets a second a queue pair can send or receive at most: packets as large as the path allows at the port's
    /// rate, or twice as many as were ever seen.
    /// </summary>
    internal double PacketsPerSecond(int? pathMtu) => Math.Max(BitsPerSecond / 8.0 / (pathMtu ?? PortMtu), 2 * _fastest);

    /// <summary>Says how many packets a second were seen.</summary>
    internal void Saw(double packetsPerSecond) => _fastest = Math.Max(_fastest, packetsPerSecond);

    /// <summary>The address of an entry of the GID table; without one the port's only address that is not of the link alone.</summary>
    internal string? LocalAddress(int? gidIndex)
    {
        if (gidIndex is not { } index)
        {
            return _onlyAddress;
        }
        if (!_gids.TryGetValue(index, out string? address))
        {
            _gids[index] = address = GidTable.AddressOf(Place.PortFolder!.Value.Path, index);
        }
        return address;
    }

    private ulong BitsPerSecond { get; set; }

    private int PortMtu { get; set; }

    private static int MtuOf(string networkInterface)
    {
        string? text = SysfsFile.ReadText(Path.Combine(Sysfs.Net, networkInterface, "mtu"));
        if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int mtu))
        {
            return UsualMtu;
        }
        int largest = LargestMtu;
        while (largest > SmallestMtu && largest > mtu - RoceHeaders)
        {
            largest /= 2;
        }
        return largest;
    }
}
