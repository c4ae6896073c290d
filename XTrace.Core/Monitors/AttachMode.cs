namespace XTrace;

/// <summary>Which hook a monitor is asked to use.</summary>
public enum AttachMode
{
    /// <summary>
    /// The hook that suits the interface: native XDP if the driver supports it, TC on virtual interfaces and vmxnet3, and generic XDP
    /// if neither is possible.
    /// </summary>
    Auto,
    /// <summary>XDP in the driver, before the kernel makes a socket buffer of the frame.</summary>
    Native,
    /// <summary>XDP in the network stack, on any interface. Behind GRO it sees merged packets, and counts one for many.</summary>
    Generic,
    /// <summary>
    /// TC: TCX where the kernel has it (6.6), else a filter of the clsact qdisc. It works on any interface, in both directions,
    /// beside other programs.
    /// </summary>
    Tc,
}

/// <summary>The hook that a monitor is attached to.</summary>
public enum MonitorHook
{
    /// <summary>None: the monitor is not attached any more.</summary>
    None = 0,
    /// <summary>Native XDP.</summary>
    XdpNative = 1,
    /// <summary>Generic XDP.</summary>
    XdpGeneric = 2,
    /// <summary>TCX, a link for each direction.</summary>
    Tcx = 3,
    /// <summary>A filter of the clsact qdisc.</summary>
    Clsact = 4,
}

/// <summary>The state of a monitor.</summary>
public enum MonitorState
{
    /// <summary>It counts.</summary>
    Running,
    /// <summary>Its interface is gone or was re-created under the same name, or someone detached it. Start or Stop cleans up.</summary>
    Detached,
    /// <summary>
    /// Its interface was moved to another network namespace, where it goes on counting. Stop ends it; Start -Force replaces it.
    /// </summary>
    Moved,
    /// <summary>The process that started or stopped it died half way. Start or Stop cleans up.</summary>
    Incomplete,
    /// <summary>Another version of XTrace started it. Stop removes it; Start -Force replaces it.</summary>
    Incompatible,
}
