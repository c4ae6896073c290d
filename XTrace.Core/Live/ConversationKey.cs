using XTrace.Flows;

namespace XTrace.Live;

/// <summary>How two flows belong together.</summary>
internal enum ConversationMatch
{
    None,
    /// <summary>One direction of one conversation.</summary>
    Same,
    /// <summary>Its two directions.</summary>
    Opposite,
}

/// <summary>
/// Which flows are a conversation: the same ends, protocol and VLAN. ICMP's messages between two ends are one, and so are the opcodes
/// of a RoCE queue pair. RoCE has only the destination's queue pair in its packets, so its two directions are two conversations.
/// </summary>
internal static class ConversationKey
{
    private const ulong First = 0x9E3779B97F4A7C15;
    private const ulong Second = 0xC2B2AE3D27D4EB4F;

    /// <summary>The same for both directions.</summary>
    internal static ulong Hash(in FlowKey key, int interfaceIndex)
    {
        (uint source, uint destination) = PortsOf(in key);
        ulong ends = End(key.Source0, key.Source1, source) + End(key.Destination0, key.Destination1, destination);
        ulong rest = ((ulong)(uint)interfaceIndex << 32) | ((ulong)key.Vlan << 16) | ((ulong)key.Kind << 8) | key.Protocol;
        ulong hash = (ends ^ (rest * First)) * Second;
        return hash ^ (hash >> 29);
    }

    internal static ConversationMatch Compare(in FlowKey one, in FlowKey other)
    {
        if (one.Kind != other.Kind || one.Protocol != other.Protocol || one.Vlan != other.Vlan)
        {
            return ConversationMatch.None;
        }
        ((uint Source, uint Destination) ports, (uint Source, uint Destination) otherPorts) = (PortsOf(in one), PortsOf(in other));
        if (one.Source1 == other.Source1 && one.Destination1 == other.Destination1 && ports == otherPorts
            && one.Source0 == other.Source0 && one.Destination0 == other.Destination0)
        {
            return ConversationMatch.Same;
        }
        return one.Source1 == other.Destination1 && one.Destination1 == other.Source1
            && ports == (otherPorts.Destination, otherPorts.Source)
            && one.Source0 == other.Destination0 && one.Destination0 == other.Source0
            ? ConversationMatch.Opposite
            : ConversationMatch.None;
    }

    /// <summary>The ports, or for others than TCP and UDP the fields in their place, that tell conversations of two ends apart.</summary>
    private static (uint Source, uint Destination) PortsOf(in FlowKey key) => (key.Kind & FlowAbi.PortsMask) switch
    {
        FlowAbi.Ports => ((ushort)key.Ports, key.Ports >> 16),
        FlowAbi.RoceV1 or FlowAbi.RoceV2 => (uint.MaxValue, FlowFields.QueuePairOf(in key)),
        FlowAbi.Ethertype => (key.Ports, key.Ports),
        _ => (0, 0),
    };

    private static ulong End(ulong high, ulong low, uint port)
    {
        ulong mixed = ((low ^ ((ulong)port << 17)) * First) ^ (high * Second);
        return mixed ^ (mixed >> 31);
    }
}
