using System.Buffers.Binary;
using System.Net;
using System.Runtime.InteropServices;
using XTrace.Bpf;
using XTrace.Messages;

namespace XTrace.Net;

/// <summary>
/// The interfaces of the network namespace that the calling thread is in, asked from the kernel each time. Not from
/// /sys, which may show another namespace's.
/// </summary>
internal static unsafe class NetInterfaces
{
    // linux/rtnetlink.h and linux/if_link.h
    private const ushort GetLink = 18; // RTM_GETLINK
    private const int HeaderLength = 16; // struct ifinfomsg
    private const ushort AttributeAddress = 1; // IFLA_ADDRESS
    private const ushort AttributeName = 3; // IFLA_IFNAME
    private const ushort AttributeLink = 5; // IFLA_LINK
    private const ushort AttributeMaster = 10; // IFLA_MASTER
    private const ushort AttributeInfo = 18; // IFLA_LINKINFO
    private const ushort AttributeKind = 1; // IFLA_INFO_KIND, in IFLA_LINKINFO
    private const ushort AttributeData = 2; // IFLA_INFO_DATA, in IFLA_LINKINFO
    private const ushort AttributeVxlanLink = 3; // IFLA_VXLAN_LINK, in IFLA_INFO_DATA
    private const ushort AttributeLinkNamespace = 37; // IFLA_LINK_NETNSID
    private const ushort AttributeProperties = 52; // IFLA_PROP_LIST
    private const ushort AttributeAlternativeName = 53; // IFLA_ALT_IFNAME, in IFLA_PROP_LIST
    private const ushort AttributePromiscuity = 30; // IFLA_PROMISCUITY
    private const uint FlagsWhenUp = 0x1 | 0x40; // IFF_UP | IFF_RUNNING, linux/if.h
    private const uint FlagPromiscuous = 0x100; // IFF_PROMISC, linux/if.h
    private const int NameLength = 16; // IFNAMSIZ

    /// <summary>The default interface: NETWORK_INTERFACE of the environment, then eth0.</summary>
    internal static string Default =>
        Environment.GetEnvironmentVariable("NETWORK_INTERFACE") is { Length: > 0 } name ? name : "eth0";

    /// <summary>All of them, by index.</summary>
    internal static IReadOnlyList<NetInterface> List()
    {
        using NetlinkSocket socket = NetlinkSocket.Open(NetlinkSocket.Route);
        return [.. socket.Dump(GetLink, stackalloc byte[HeaderLength]).Select(message => Read(message)).OrderBy(target => target.Index)];
    }

    /// <summary>The interfaces that a name or a wildcard means; other names that they answer to count as well.</summary>
    internal static IReadOnlyList<NetInterface> Choose(IReadOnlyList<NetInterface> all, NamePattern pattern)
    {
        IReadOnlyList<NetInterface> matches = pattern.Choose(all, target => target.Name);
        return matches.Count == 0 && pattern.IsExact ? [.. all.Where(target => target.AlternativeNames.Any(pattern.IsMatch))] : matches;
    }

    /// <summary>That there is no interface of this name, with what there is.</summary>
    internal static XTraceException NotFound(string name, IReadOnlyList<NetInterface> all) =>
        new(FlowMessages.InterfaceNotFound, name, name, string.Join(", ", all.Select(target => target.Name)));

    /// <summary>The current name of the interface with this index; null where there is none.</summary>
    /// <exception cref="XTraceException">The kernel does not tell, which is no sign that there is none.</exception>
    internal static string? NameOf(int index)
    {
        byte* name = stackalloc byte[NameLength];
        if (Libc.if_indextoname((uint)index, name) != null)
        {
            return Marshal.PtrToStringUTF8((nint)name);
        }
        int error = Marshal.GetLastPInvokeError();
        return error is Errnos.ENXIO or Errnos.ENODEV
            ? null
            : throw new XTraceException(
                KernelMessages.OfNetlink(error), index, KernelOperation.NameInterface(index), Marshal.GetPInvokeErrorMessage(error), error);
    }

    /// <summary>State and addresses of each interface, as people want them listed.</summary>
    /// <remarks>Not from .NET, which throws an ArgumentException if an interface goes while it asks.</remarks>
    internal static IReadOnlyList<(NetInterface Interface, string State, string Mac, IEnumerable<IPAddress> Addresses)> Describe()
    {
        using NetlinkSocket socket = NetlinkSocket.Open(NetlinkSocket.Route);
        ILookup<int, IPAddress> addresses = LocalAddresses.ByInterface(socket);
        return
        [
            .. from message in socket.Dump(GetLink, stackalloc byte[HeaderLength])
               let target = Read(message)
               orderby target.Index
               select (target, StateOf(message), MacOf(message), addresses[target.Index]),
        ];
    }

    private static string StateOf(ReadOnlySpan<byte> message) => (FlagsIn(message) & FlagsWhenUp) == FlagsWhenUp ? "Up" : "Down";

    private static uint FlagsIn(ReadOnlySpan<byte> message) => BinaryPrimitives.ReadUInt32LittleEndian(message[8..]);

    private static string MacOf(ReadOnlySpan<byte> message) =>
        FormatMac(NetlinkAttributes.Find(message[HeaderLength..], AttributeAddress));

    /// <summary>A hardware address of any length, as sysfs writes it.</summary>
    internal static string FormatMac(ReadOnlySpan<byte> address) =>
        string.Join(':', address.ToArray().Select(part => part.ToString("x2", null)));

    private static NetInterface Read(ReadOnlySpan<byte> message)
    {
        ReadOnlySpan<byte> attributes = message[HeaderLength..];
        string? kind = NetlinkAttributes.Text(NetlinkAttributes.Find(attributes, AttributeInfo), AttributeKind);
        int index = BinaryPrimitives.ReadInt32LittleEndian(message[4..]);
        return new NetInterface(NetlinkAttributes.Text(attributes, AttributeName)!, index)
        {
            HardwareType = (HardwareType)BinaryPrimitives.ReadUInt16LittleEndian(message[2..]),
            Kind = kind,
            IsPromiscuous = (FlagsIn(message) & FlagPromiscuous) != 0
                || NetlinkAttributes.Number(attributes, AttributePromiscuity) > 0,
            Master = NetlinkAttributes.Number(attributes, AttributeMaster),
            Lower = LowerOf(attributes, kind, index),
            PeerNamespace = IsPair(kind) && !NetlinkAttributes.Find(attributes, AttributeLinkNamespace).IsEmpty
                ? NetlinkAttributes.Number(attributes, AttributeLinkNamespace)
                : null,
            AlternativeNames = NetlinkAttributes.Texts(NetlinkAttributes.Find(attributes, AttributeProperties), AttributeAlternativeName),
        };
    }

    private static bool IsPair(string? kind) => kind is "veth" or "netkit";

    private static int LowerOf(ReadOnlySpan<byte> attributes, string? kind, int index)
    {
        if (IsPair(kind) || !NetlinkAttributes.Find(attributes, AttributeLinkNamespace).IsEmpty)
        {
            return 0;
        }
        ReadOnlySpan<byte> data = NetlinkAttributes.Find(NetlinkAttributes.Find(attributes, AttributeInfo), AttributeData);
        int lower = kind == "vxlan"
            ? NetlinkAttributes.Number(data, AttributeVxlanLink)
            : NetlinkAttributes.Number(attributes, AttributeLink);
        return lower == index ? 0 : lower;
    }
}
