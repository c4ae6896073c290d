using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using XTrace.Flows;
using XTrace.Sessions;

namespace XTrace.Exporter.ClickHouse;

/// <summary>
/// Flow records as rows in ClickHouse's format RowBinary: the columns' values one after the other, numbers in little endian, strings
/// after their length, IPv6 addresses as 16 bytes in network order. deploy/clickhouse/xtrace.sql defines the columns.
/// </summary>
/// <param name="host">The machine's name.</param>
/// <param name="owners">Whether rows have a process and a container.</param>
internal sealed class ClickHouseRows(string host, bool owners = false)
{
    private const string OwnColumns =
        "Host, Interface, Direction, SrcAddr, DstAddr, SrcMac, DstMac, TrafficType, Protocol, SrcPort, DstPort, Vlan, EtherType,"
        + " IcmpType, IcmpCode, IsFragment, DstQueuePair, Opcode, Time, DurationMilliseconds, Packets, Bytes, EndReason";

    private const string OwnerColumns = ", ProcessId, ProcessName, Container";

    private const int AddressLength = 16;
    private const int LongestNumbers = 64; // of a row's, without texts and addresses
    private const byte Ingress = 1;
    private const byte Egress = 2;

    private static readonly byte[][] s_trafficTypes = [.. Enum.GetValues<TrafficType>().Select(type => Text(type.ToString()))];

    private static readonly RecordOwner s_nobody = new(0, "", "");

    private static readonly byte[] s_none = new byte[AddressLength];

    private readonly byte[] _host = Text(host);
    private const int MostInterfaces = 4096; // whose names are kept; containers' come and go

    private readonly Dictionary<string, byte[]> _interfaces = [];
    private readonly ArrayBufferWriter<byte> _buffer = new(1024 * 1024);

    /// <summary>The columns, in the order in which they are written.</summary>
    internal static string Columns(bool owners) => owners ? OwnColumns + OwnerColumns : OwnColumns;

    /// <summary>The rows that are there.</summary>
    internal ReadOnlySpan<byte> Content => _buffer.WrittenSpan;

    /// <summary>The records and frames in them.</summary>
    internal RecordCount Count { get; private set; }

    /// <summary>Adds a record.</summary>
    /// <param name="record">The record.</param>
    /// <param name="clock">The clock of its sample.</param>
    internal void Add(in FlowRecord record, ClockCalibration clock)
    {
        WatchedPoint point = record.Point;
        FlowKey key = record.Key;
        if (!_interfaces.TryGetValue(point.InterfaceName, out byte[]? name))
        {
            if (_interfaces.Count >= MostInterfaces)
            {
                _interfaces.Clear();
            }
            name = _interfaces[point.InterfaceName] = Text(point.InterfaceName);
        }
        _buffer.Write(_host);
        _buffer.Write(name);
        Writer writer = new(_buffer.GetSpan(LongestNumbers + (2 * AddressLength)));
        writer.Write(point.Direction == FlowDirection.Egress ? Egress : Ingress);
        WriteAddresses(ref writer, in key);
        _buffer.Advance(writer.Length);
        _buffer.Write(s_trafficTypes[(int)FlowFields.TrafficTypeOf(key)]);
        writer = new(_buffer.GetSpan(LongestNumbers));
        WriteDetails(ref writer, in key);
        WriteCounts(ref writer, in record, clock);
        _buffer.Advance(writer.Length);
        if (owners)
        {
            WriteOwner(record.Owner ?? s_nobody);
        }
        Count += new RecordCount(1, record.Gain);
    }

    /// <summary>Begins anew.</summary>
    internal void Clear()
    {
        _buffer.ResetWrittenCount();
        Count = default;
    }

    private void WriteOwner(RecordOwner owner)
    {
        Writer writer = new(_buffer.GetSpan(LongestNumbers));
        writer.Write32((uint)owner.ProcessId);
        _buffer.Advance(writer.Length);
        _buffer.Write(Text(owner.ProcessName));
        _buffer.Write(Text(owner.Container));
    }

    private static void WriteAddresses(ref Writer writer, in FlowKey key)
    {
        bool isEthernet = FlowFields.IsEthernet(key);
        ReadOnlySpan<byte> source = FlowFields.SourceOf(key), destination = FlowFields.DestinationOf(key);
        ReadOnlySpan<byte> none = s_none;
        writer.Write(isEthernet ? none : source);
        writer.Write(isEthernet ? none : destination);
        writer.Write64(isEthernet ? Mac(source) : 0);
        writer.Write64(isEthernet ? Mac(destination) : 0);
    }

    private static void WriteDetails(ref Writer writer, in FlowKey key)
    {
        bool isEthernet = FlowFields.IsEthernet(key), hasPorts = FlowFields.HasPorts(key);
        bool isIcmp = FlowFields.IsIcmp(key), isRoce = FlowFields.IsRoce(key);
        writer.Write(isEthernet ? (byte)0 : key.Protocol);
        writer.Write16(hasPorts ? FlowFields.SourcePortOf(key) : (ushort)0);
        writer.Write16(hasPorts ? FlowFields.DestinationPortOf(key) : (ushort)0);
        writer.Write16(FlowFields.VlanIdOf(key) ?? 0);
        writer.Write16(isEthernet ? FlowFields.EthertypeOf(key) : (ushort)0);
        writer.Write(isIcmp ? FlowFields.IcmpTypeOf(key) : (byte)0);
        writer.Write(isIcmp ? FlowFields.IcmpCodeOf(key) : (byte)0);
        writer.Write(FlowFields.IsFragment(key) ? (byte)1 : (byte)0);
        writer.Write32(isRoce ? FlowFields.QueuePairOf(key) : 0);
        writer.Write(isRoce ? FlowFields.OpcodeOf(key) : (byte)0);
    }

    private static void WriteCounts(ref Writer writer, in FlowRecord record, ClockCalibration clock)
    {
        DateTime last = clock.Utc - clock.AgeOf(record.LastSeen);
        writer.Write32((uint)((last - DateTime.UnixEpoch).Ticks / TimeSpan.TicksPerSecond));
        writer.Write32((uint)clock.Between(record.FirstSeen, record.LastSeen).TotalMilliseconds);
        writer.Write64(record.Gain.Packets);
        writer.Write64(record.Gain.Bytes);
        writer.Write((byte)record.EndReason);
    }

    /// <summary>A MAC address as a number, which ClickHouse's MACNumToString shows.</summary>
    private static ulong Mac(ReadOnlySpan<byte> address) => BinaryPrimitives.ReadUInt64BigEndian(address) >> 16;

    /// <summary>A string with its length: no name is as long as 128 bytes.</summary>
    private static byte[] Text(string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        int length = Math.Min(bytes.Length, 127);
        return [(byte)length, .. bytes.AsSpan(0, length)];
    }

    private ref struct Writer(Span<byte> room)
    {
        private readonly Span<byte> _room = room;

        internal int Length { get; private set; }

        internal void Write(byte value) => _room[Length++] = value;

        internal void Write(scoped ReadOnlySpan<byte> bytes)
        {
            bytes.CopyTo(_room[Length..]);
            Length += bytes.Length;
        }

        internal void Write16(ushort value)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(_room[Length..], value);
            Length += sizeof(ushort);
        }

        internal void Write32(uint value)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(_room[Length..], value);
            Length += sizeof(uint);
        }

        internal void Write64(ulong value)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(_room[Length..], value);
            Length += sizeof(ulong);
        }
    }
}
