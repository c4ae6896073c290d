using XTrace.Bpf;
using XTrace.Flows;
using XTrace.Net;

namespace XTrace.Monitors;

/// <summary>The pinned monitors of this network namespace: start, find, stop. Any process may do each.</summary>
internal static class MonitorStore
{
    /// <summary>Starts a monitor that outlives this process.</summary>
    /// <param name="interfaceName">The interface.</param>
    /// <param name="options">How.</param>
    /// <param name="force">Replace a monitor of ours that runs there, or that another version started.</param>
    /// <param name="report">Is told what a curious user wants to know.</param>
    /// <exception cref="XTraceException">It cannot be started, or runs already; nothing is left behind.</exception>
    internal static XdpMonitor Start(string interfaceName, MonitorOptions options, bool force, Action<string> report)
    {
        NetInterface target = NetInterfaces.Get(interfaceName);
        // Checked before a monitor that runs makes room.
        _ = options.SetsPerCpu;
        return Alone(() => StartAlone(target, options, force, report));
    }

    private static XdpMonitor StartAlone(NetInterface target, MonitorOptions options, bool force, Action<string> report)
    {
        string interfaceName = target.Name;
        RemoveDetached(report);
        PinDirectory pins = PinDirectory.Of(interfaceName);
        XdpMonitor? existing = Find(interfaceName);
        if (existing != null)
        {
            ThrowUnlessReplaceable(existing, force);
        }
        else if (pins.Exists)
        {
            throw new XTraceException(
                "MonitorRenamed",
                XTraceErrorKind.ResourceBusy,
                $"The monitor that was started on {interfaceName} watches an interface that has another name now. "
                + "See which with Get-XdpMonitor, and stop that one first.",
                interfaceName);
        }

        // What runs goes only when what replaces it is loaded.
        using FlowMonitor monitor = FlowMonitor.Attach(target, options, report, () =>
        {
            if (existing != null)
            {
                report($"{interfaceName}: replacing the monitor that is {existing.State}.");
                new PinDirectory(existing.Path).Remove();
            }
        });
        try
        {
            pins.Create();
            monitor.Pin(pins);
            return Describe(pins, monitor);
        }
        catch when (pins.Exists)
        {
            pins.Remove();
            throw;
        }
    }

    /// <summary>All monitors of this namespace that this user may read, whatever their state.</summary>
    /// <exception cref="XTraceException">The user may not see any, which is not the same as that there are none.</exception>
    internal static IEnumerable<XdpMonitor> List()
    {
        Capabilities.RequireMonitoring();
        return PinDirectory.All().Select(Describe).OfType<XdpMonitor>();
    }

    /// <summary>The monitor of an interface, or null.</summary>
    internal static XdpMonitor? Find(string interfaceName) =>
        List().FirstOrDefault(monitor => monitor.InterfaceAlias == interfaceName);

    /// <summary>Opens an interface's running monitor to read it; null where none runs.</summary>
    /// <exception cref="XTraceException">There is one, of another version.</exception>
    internal static FlowMonitor? Open(string interfaceName)
    {
        XdpMonitor? monitor = Find(interfaceName);
        if (monitor?.State == MonitorState.Incompatible)
        {
            ThrowUnlessReplaceable(monitor, force: false);
        }
        return monitor?.State == MonitorState.Running ? FlowMonitor.Open(new PinDirectory(monitor.Path)) : null;
    }

    /// <summary>Detaches a monitor and removes its pins, whatever its state.</summary>
    internal static void Stop(XdpMonitor monitor) => Alone(() =>
    {
        PinDirectory pins = new(monitor.Path);
        if (pins.Exists)
        {
            pins.Remove();
        }
        return true;
    });

    /// <summary>Does something to the pins while no other process can.</summary>
    private static T Alone<T>(Func<T> change)
    {
        Capabilities.RequireMonitoring();
        BpfFileSystem.Require();
        try
        {
            using PinLock mutex = new();
            return change();
        }
        catch (UnauthorizedAccessException denied)
        {
            throw new XTraceException(
                "PinDenied",
                XTraceErrorKind.PermissionDenied,
                $"Monitors are pinned under {PinDirectory.Root}, where this user may not write. "
                + $"Run as root, or give the folder to the user: 'sudo install -d -o <user> {PinDirectory.Root}'.",
                PinDirectory.Root,
                denied);
        }
    }

    private static void ThrowUnlessReplaceable(XdpMonitor existing, bool force)
    {
        switch (existing.State)
        {
            case MonitorState.Running when !force:
                throw new XTraceException(
                    "MonitorExists",
                    XTraceErrorKind.ResourceExists,
                    $"{existing.InterfaceAlias} has a monitor since {existing.StartTime:yyyy-MM-dd HH:mm:ss}. Read it with Get-FlowStat, or restart it with -Force.",
                    existing.InterfaceAlias);
            case MonitorState.Incompatible when !force:
                throw new XTraceException(
                    "MonitorIncompatible",
                    XTraceErrorKind.InvalidState,
                    $"The monitor of {existing.InterfaceAlias} was started by another version of XTrace. Stop it with Stop-XdpMonitor, or replace it with Start-XdpMonitor -Force.",
                    existing.InterfaceAlias);
        }
    }

    /// <summary>Whose interface or whole namespace is gone, nobody will ever ask for by name.</summary>
    private static void RemoveDetached(Action<string> report)
    {
        foreach (PinDirectory pins in PinDirectory.Everywhere())
        {
            // Nobody else holds the lock: without a link it is what a process left that died.
            if (!pins.HasLink || IsDetached(pins))
            {
                report($"Removing the monitor of {pins.InterfaceName}, which is gone ({pins.FullPath}).");
                pins.Remove();
            }
        }
    }

    private static bool IsDetached(PinDirectory pins)
    {
        try
        {
            using BpfHandle link = BpfHandle.Open(pins.Link);
            return XdpLink.Query(link).InterfaceIndex == 0;
        }
        catch (BpfException denied) when (denied.Errno == Errnos.EACCES)
        {
            return false;
        }
    }

    /// <summary>Null where another process has just removed it, or where it is another user's, whose pins open to nobody else.</summary>
    private static XdpMonitor? Describe(PinDirectory pins)
    {
        try
        {
            if (pins.HasLink && pins.ReadMeta().AbiVersion != FlowAbi.Version)
            {
                return Broken(pins, MonitorState.Incompatible);
            }
            if (pins.HasLink)
            {
                using FlowMonitor monitor = FlowMonitor.Open(pins);
                return Describe(pins, monitor);
            }
        }
        catch (BpfException gone) when (gone.Errno == Errnos.ENOENT)
        {
            // Whoever stops a monitor removes its pins one by one.
        }
        catch (BpfException denied) when (denied.Errno == Errnos.EACCES)
        {
            return null;
        }
        return pins.Exists ? Broken(pins, MonitorState.Incomplete) : null;
    }

    private static XdpMonitor Broken(PinDirectory pins, MonitorState state) =>
        new() { InterfaceAlias = pins.InterfaceName, State = state, Path = pins.FullPath };

    private static XdpMonitor Describe(PinDirectory pins, FlowMonitor monitor)
    {
        (int index, uint program, uint link) = monitor.QueryLink();
        string? name = index == 0 ? null : NetInterfaces.NameOf(index);
        bool running = name != null && XdpLink.IsAttached(index, program, monitor.Hook);
        FlowTotals totals = monitor.ReadTotals();
        return new XdpMonitor
        {
            InterfaceAlias = running ? name! : pins.InterfaceName,
            InterfaceIndex = index,
            State = running ? MonitorState.Running : MonitorState.Detached,
            Hook = running ? monitor.Hook : MonitorHook.None,
            StartTime = monitor.StartTime,
            Packets = totals.Packets,
            Bytes = totals.Bytes,
            EvictedPackets = totals.EvictedPackets,
            EvictedBytes = totals.EvictedBytes,
            FilteredPackets = totals.FilteredPackets,
            FilteredBytes = totals.FilteredBytes,
            MalformedPackets = totals.MalformedPackets,
            MalformedBytes = totals.MalformedBytes,
            UsedSlots = monitor.CountUsedSlots(),
            MaxFlow = monitor.SlotsPerCpu,
            TableSize = monitor.TableSize,
            ProgramId = program,
            LinkId = link,
            Path = pins.FullPath,
        };
    }
}
