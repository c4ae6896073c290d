using System.Globalization;
using XTrace.Flows;

namespace XTrace.Exporter.Metrics;

/// <summary>A flow's labels: together they tell it from every other flow. A label that a flow has not is left out.</summary>
internal static class FlowLabels
{
    private const string OtherName = "other";

    /// <summary>The point that counted a flow.</summary>
    internal static Label[] Point(string interfaceName, FlowDirection direction) =>
        [new("interface", interfaceName), new("direction", direction == FlowDirection.Egress ? "egress" : "ingress")];

    /// <summary>The flows without a name.</summary>
    internal static Label[] Other(Label[] point) => [.. point, new("src_ip", OtherName), new("dst_ip", OtherName)];

    /// <summary>A flow with its name.</summary>
    internal static Label[] Flow(Label[] point, in FlowKey key)
    {
        List<Label> labels =
        [
            .. point,
            new("src_ip", FlowFields.Format(key, FlowFields.SourceOf(key))),
            new("dst_ip", FlowFields.Format(key, FlowFields.DestinationOf(key))),
            new("traffic_type", FlowFields.TrafficTypeOf(key).ToString()),
        ];
        if (FlowFields.IsEthernet(key))
        {
            labels.Add(new("ethertype", string.Create(CultureInfo.InvariantCulture, $"0x{FlowFields.EthertypeOf(key):x4}")));
        }
        else
        {
            labels.Add(new("protocol", Number(key.Protocol)));
        }
        AddPorts(labels, in key);
        if (FlowFields.VlanIdOf(key) is { } vlan)
        {
            labels.Add(new("vlan", Number(vlan)));
        }
        return [.. labels];
    }

    private static void AddPorts(List<Label> labels, in FlowKey key)
    {
        if (FlowFields.HasPorts(key))
        {
            labels.Add(new("src_port", Number(FlowFields.SourcePortOf(key))));
            labels.Add(new("dst_port", Number(FlowFields.DestinationPortOf(key))));
        }
        else if (FlowFields.IsRoce(key))
        {
            labels.Add(new("dst_queue_pair", Number(FlowFields.QueuePairOf(key))));
            labels.Add(new("opcode", Number(FlowFields.OpcodeOf(key))));
        }
        else if (FlowFields.IsIcmp(key))
        {
            labels.Add(new("icmp_type", Number(FlowFields.IcmpTypeOf(key))));
            labels.Add(new("icmp_code", Number(FlowFields.IcmpCodeOf(key))));
        }
        else if (FlowFields.IsFragment(key))
        {
            labels.Add(new("fragment", "true"));
        }
    }

    private static string Number(uint number) => number.ToString(CultureInfo.InvariantCulture);
}
