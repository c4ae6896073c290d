using XTrace.Messages;

namespace XTrace.Net;

/// <summary>A network interface of the current network namespace.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Index">Its index, which a re-created interface does not share.</param>
internal sealed record NetInterface(string Name, int Index)
{
    /// <summary>Other names that it answers to.</summary>
    internal IReadOnlyList<string> AlternativeNames { get; init; } = [];

    /// <summary>The first header of its frames: ARPHRD_* in linux/if_arp.h.</summary>
    internal HardwareType HardwareType { get; init; } = HardwareType.Ether;

    /// <summary>The kind of virtual interface, for example veth. Null for a device and for lo.</summary>
    internal string? Kind { get; init; }

    /// <summary>Index of the bridge or bond that it is a port of, or 0.</summary>
    internal int Master { get; init; }

    /// <summary>
    /// Index of the interface that it stands on, as a VLAN stands on its NIC, or 0. A veth pair does not stand on its other end.
    /// </summary>
    internal int Lower { get; init; }

    /// <summary>
    /// What this network namespace calls the one that the other end of a pair is in, as RTM_GETNSID says it; null where there is
    /// no other end, or where it is here.
    /// </summary>
    internal int? PeerNamespace { get; init; }

    /// <summary>Whether it takes frames that are for others: a user set it so.</summary>
    internal bool IsPromiscuous { get; init; }

    /// <summary>Whether no device of its own brings the frames.</summary>
    internal bool IsVirtual => Kind != null || HardwareType == HardwareType.Loopback;

    /// <summary>Its driver, asked for each time; null if it has none that says so.</summary>
    internal string? Driver
    {
        get => field ?? AskForDriver();
        init;
    }

    /// <summary>
    /// Whether its driver no longer calls an XDP program once it has reset the card, while the kernel still shows the program. vmxnet3
    /// resets it when the link goes down and up, or when MTU, rings or offloads change (vmxnet3_rq_cleanup_all, Linux 6.6 and later).
    /// </summary>
    internal bool ForgetsXdp => !IsVirtual && Driver == "vmxnet3";

    /// <summary>
    /// Whether its driver forgets an XDP program while the machine is suspended. virtio_net makes new queues afterwards, without it
    /// (virtnet_restore_up in drivers/net/virtio_net.c).
    /// </summary>
    internal bool ForgetsXdpInSuspend => !IsVirtual && Driver == "virtio_net";

    private string? AskForDriver()
    {
        using Ethtool ethtool = new();
        return ethtool.DriverOf(Name);
    }

    /// <summary>Says what passes through the interface, and not through any hook.</summary>
    internal void WarnOfHidden(Action<Notice> report)
    {
        Message? hidden = Kind switch
        {
            "bridge" when !IsPromiscuous => FlowMessages.BridgeShowsItsOwn,
            "vrf" => FlowMessages.VrfShowsNothing,
            _ => null,
        };
        if (hidden != null)
        {
            report(new Notice(NoticeLevel.Warning, hidden, Name, Name));
        }
    }
}

/// <summary>ARPHRD_* of linux/if_arp.h, those that can be watched.</summary>
internal enum HardwareType : ushort
{
    Ether = 1,
    InfiniBand = 32,
    Ppp = 512,
    RawIp = 519,
    Loopback = 772,
    None = 0xfffe,
}
