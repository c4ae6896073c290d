using System.Buffers.Binary;

namespace XTrace.Exporter.Ipfix;

/// <summary>An information element in a template.</summary>
/// <param name="Id">Its number: IANA's, or the enterprise's where it is one of an enterprise.</param>
/// <param name="Length">Bytes in a record.</param>
/// <param name="IsEnterprise">Whether it is XTrace's own.</param>
internal readonly record struct IpfixField(ushort Id, ushort Length, bool IsEnterprise = false)
{
    /// <summary>The length is in the record, in a byte before the field (RFC 7011 7).</summary>
    internal const ushort Variable = 65535;
}

/// <summary>The fields of a record (RFC 7011 3.4). The elements are IANA's, https://www.iana.org/assignments/ipfix.</summary>
internal sealed class IpfixTemplate
{
    private const ushort EnterpriseBit = 0x8000;
    private const int TemplateSet = 2;
    private const int OptionsTemplateSet = 3;

    /// <summary>The first fields of every flow; <see cref="IpfixRecord"/> writes them in this order.</summary>
    private static readonly IpfixField[] s_flow =
    [
        new(152, 8), // flowStartMilliseconds
        new(153, 8), // flowEndMilliseconds
        new(1, 8), // octetDeltaCount
        new(2, 8), // packetDeltaCount
        new(352, 8), // layer2OctetDeltaCount
        new(10, 4), // ingressInterface
        new(14, 4), // egressInterface
        new(58, 2), // vlanId
        new(61, 1), // flowDirection
        new(136, 1), // flowEndReason
    ];

    private static readonly IpfixField[] s_addresses4 = [new(8, 4), new(12, 4)]; // sourceIPv4Address, destinationIPv4Address
    private static readonly IpfixField[] s_addresses6 = [new(27, 16), new(28, 16)]; // sourceIPv6Address, destinationIPv6Address

    // sourceTransportPort, destinationTransportPort, protocolIdentifier
    private static readonly IpfixField[] s_transport = [new(7, 2), new(11, 2), new(4, 1)];

    // destinationQueuePair, bthOpcode
    private static readonly IpfixField[] s_roce = [new(1, 4, IsEnterprise: true), new(2, 1, IsEnterprise: true)];

    // processId, processName, containerId
    private static readonly IpfixField[] s_owner =
    [
        new(3, 4, IsEnterprise: true), new(4, IpfixField.Variable, IsEnterprise: true), new(5, IpfixField.Variable, IsEnterprise: true),
    ];

    // icmpTypeCodeIPv4
    private static readonly IpfixField[] s_flow4 = [.. s_flow, .. s_addresses4, .. s_transport, new(32, 2)];

    // icmpTypeCodeIPv6
    private static readonly IpfixField[] s_flow6 = [.. s_flow, .. s_addresses6, .. s_transport, new(139, 2)];

    internal static readonly IpfixTemplate IPv4 = new(256, s_flow4);

    internal static readonly IpfixTemplate IPv6 = new(257, s_flow6);

    internal static readonly IpfixTemplate RoceOverIPv4 = new(258, [.. s_flow, .. s_addresses4, .. s_transport, .. s_roce]);

    internal static readonly IpfixTemplate RoceOverIPv6 = new(259, [.. s_flow, .. s_addresses6, .. s_transport, .. s_roce]);

    // sourceMacAddress, destinationMacAddress, ethernetType
    internal static readonly IpfixTemplate Ethernet = new(260, [.. s_flow, new(56, 6), new(80, 6), new(256, 2)]);

    /// <summary>The totals of an interface in one direction (RFC 7011 4.2), and the part of them that is in no flow.</summary>
    internal static readonly IpfixTemplate Interface = new(261, scopes: 2,
    [
        new(10, 4), // ingressInterface
        new(14, 4), // egressInterface
        new(82, InterfaceNameLength), // interfaceName
        new(61, 1), // flowDirection
        new(86, 8), // packetTotalCount
        new(353, 8), // layer2OctetTotalCount
        new(164, 8), // ignoredPacketTotalCount
        new(165, 8), // ignoredOctetTotalCount
    ]);

    /// <summary>The counts of flows that were not sent (RFC 7011 4.3).</summary>
    internal static readonly IpfixTemplate Process = new(262, scopes: 1,
    [
        new(144, 4), // exportingProcessId
        new(160, 8), // systemInitTimeMilliseconds
        new(42, 8), // exportedFlowRecordTotalCount
        new(166, 8), // notSentFlowTotalCount
        new(167, 8), // notSentPacketTotalCount
        new(168, 8), // notSentOctetTotalCount
    ]);

    /// <summary>The template of flows whose process is known.</summary>
    internal static readonly IpfixTemplate OwnedIPv4 = new(263, [.. s_flow4, .. s_owner]);

    internal static readonly IpfixTemplate OwnedIPv6 = new(264, [.. s_flow6, .. s_owner]);

    internal const int InterfaceNameLength = 16; // IFNAMSIZ

    private static readonly IpfixTemplate[] s_flows = [IPv4, IPv6, RoceOverIPv4, RoceOverIPv6, Ethernet];
    private static readonly IpfixTemplate[] s_owned = [.. s_flows, OwnedIPv4, OwnedIPv6];

    private readonly IpfixField[] _fields;
    private readonly int _scopes;

    private IpfixTemplate(ushort id, IpfixField[] fields)
        : this(id, scopes: 0, fields)
    {
    }

    private IpfixTemplate(ushort id, int scopes, IpfixField[] fields)
    {
        (Id, _scopes, _fields) = (id, scopes, fields);
        Length = fields.Sum(field => field.Length == IpfixField.Variable ? 1 : field.Length);
    }

    internal ushort Id { get; }

    /// <summary>Bytes of a record, without those that a field of variable length has beside its length.</summary>
    internal int Length { get; }

    /// <summary>Those of flows.</summary>
    /// <param name="owners">Whether processes and containers are sent.</param>
    internal static IpfixTemplate[] Flows(bool owners) => owners ? s_owned : s_flows;

    /// <summary>All templates, as a message without its header.</summary>
    /// <param name="enterprise">The enterprise's number.</param>
    /// <param name="owners">Whether processes and containers are sent.</param>
    internal static byte[] DescribeAll(uint enterprise, bool owners) =>
    [
        .. Set(TemplateSet, Flows(owners), enterprise),
        .. Set(OptionsTemplateSet, [Interface, Process], enterprise),
    ];

    private static byte[] Set(int id, IpfixTemplate[] templates, uint enterprise)
    {
        byte[] content = [.. templates.SelectMany(template => template.Describe(enterprise, isOptions: id == OptionsTemplateSet))];
        return [.. Number(id), .. Number(content.Length + 4), .. content];
    }

    private IEnumerable<byte> Describe(uint enterprise, bool isOptions)
    {
        byte[] head = isOptions ? [.. Number(_fields.Length), .. Number(_scopes)] : Number(_fields.Length);
        return [.. Number(Id), .. head, .. _fields.SelectMany(field => Describe(field, enterprise))];
    }

    private static byte[] Describe(IpfixField field, uint enterprise)
    {
        if (!field.IsEnterprise)
        {
            return [.. Number(field.Id), .. Number(field.Length)];
        }
        byte[] number = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(number, enterprise);
        return [.. Number(field.Id | EnterpriseBit), .. Number(field.Length), .. number];
    }

    private static byte[] Number(int number) => [(byte)(number >> 8), (byte)number];
}
