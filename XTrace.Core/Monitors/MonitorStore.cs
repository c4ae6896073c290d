using XTrace.Bpf;
using XTrace.Flows;
using XTrace.Net;

namespace XTrace.Monitors;

/// <summary>The pinned monitors of this network namespace: start, find, stop. Any process may do each.</summary>
internal static class MonitorStore
{
    /// <summary>Starts a monitor that outlives this process.</summary>
    /// <param name="interfaceName">The interface.</param>
    /// <param name="direction">Ingress or Egress.</param>
    /// <param name="options">How.</param>
    /// <param name="force">Replace a monitor of ours that runs there, or that another version started.</param>
    /// <param name="report">Is told what a curious user wants to know.</param>
    /// <exception cref="XTraceException">It cannot be started, or runs already; nothing is left behind.</exception>
    internal static XdpMonitor Start(string interfaceName, FlowDirection direction, MonitorOptions options, bool force, Action<string> report)
    {
        NetInterface target = NetInterfaces.Get(interfaceName);
        // Checked before a monitor that runs makes room.
        _ = options.SetsPerCpu;
        return Alone(() => StartAlone(target, direction, options, force, report));
    }

    private static XdpMonitor StartAlone(NetInterface target, FlowDirection direction, MonitorOptions options, bool force, Action<string> report)
    {
        string interfaceName = target.Name;
        RemoveDetached(report);
        ClsactHook.RemoveOrphans(target.Index, IsPinned);
        PinDirectory pins = PinDirectory.Of(interfaceName, direction);
        XdpMonitor? existing = Find(interfaceName, direction);
        if (existing != null)
        {
            ThrowUnlessReplaceable(existing, force);
        }
        else if (pins.Exists)
        {
            throw OfAnotherUser(interfaceName, direction) ?? new XTraceException(
                "MonitorRenamed",
                XTraceErrorKind.ResourceBusy,
                $"The monitor that was started on {interfaceName} watches an interface that has another name now. "
                + "See which with Get-XdpMonitor, and stop that one first.",
                interfaceName);
        }

        try
        {
            // Before anything is attached, so that whatever is left by a death has a directory to be found by.
            pins.Create();
            using FlowMonitor monitor = FlowMonitor.Attach(target, direction, options, report, new Replacement(existing, report));
            pins.Create();
            monitor.Pin(pins);
            return Describe(pins, monitor);
        }
        catch when (pins.Exists && !pins.IsWhole)
        {
            pins.Remove();
            throw;
        }
    }

    /// <summary>All monitors of this namespace that this user may read, whatever their state.</summary>
    /// <exception cref="XTraceException">The user may not see any, which is not the same as that there are none.</exception>
    internal static IReadOnlyList<XdpMonitor> List()
    {
        try
        {
            return ListVisible();
        }
        catch (UnauthorizedAccessException denied)
        {
            throw PinDenied(denied);
        }
    }

    private static IReadOnlyList<XdpMonitor> ListVisible()
    {
        Capabilities.RequireMonitoring();
        // Without the lock nobody knows what is about to be pinned.
        ClsactHook.RemoveOrphans(isPinned: _ => true);
        return [.. PinDirectory.All().Select(Describe).OfType<XdpMonitor>()];
    }

    /// <summary>The same without a question to the kernel, which needs no right: what is pinned where, and nothing that was counted. None where the user may not look.</summary>
    internal static IReadOnlyList<XdpMonitor> ListUnread()
    {
        try
        {
            return [.. PinDirectory.All().Select(pins => new XdpMonitor { InterfaceAlias = pins.InterfaceName, Direction = pins.Direction, Path = pins.FullPath })];
        }
        catch (UnauthorizedAccessException)
        {
            return [];
        }
    }

    /// <summary>The monitor of an interface's direction, or null.</summary>
    internal static XdpMonitor? Find(string interfaceName, FlowDirection direction) =>
        List().FirstOrDefault(monitor => monitor.InterfaceAlias == interfaceName && monitor.Direction == direction);

    /// <summary>Opens an interface's running monitors to read them; none where the user may not look whether there are any.</summary>
    /// <param name="interfaceName">The interface.</param>
    /// <param name="directions">Which directions are wanted.</param>
    /// <param name="report">Is told why none are looked for.</param>
    /// <exception cref="XTraceException">There is one, of another version.</exception>
    internal static IReadOnlyList<FlowMonitor> Open(string interfaceName, FlowDirection directions, Action<string> report)
    {
        IReadOnlyList<XdpMonitor> visible;
        try
        {
            visible = ListVisible();
        }
        catch (UnauthorizedAccessException denied)
        {
            report($"{interfaceName}: monitors that run are not read. {denied.Message}");
            return [];
        }
        List<XdpMonitor> wanted = [.. visible.Where(one => one.InterfaceAlias == interfaceName && directions.HasFlag(one.Direction))];
        if (OfAnotherUser(interfaceName, directions) is { } unread)
        {
            report(unread.Message);
        }
        if (wanted.Find(one => one.State == MonitorState.Incompatible) is { } other)
        {
            ThrowUnlessReplaceable(other, force: false);
        }
        return [.. wanted.Where(one => one.State == MonitorState.Running).Select(one => FlowMonitor.Open(new PinDirectory(one.Path)))];
    }

    /// <summary>Detaches a monitor and removes its pins, whatever its state.</summary>
    internal static void Stop(XdpMonitor monitor) => Alone(() =>
    {
        PinDirectory pins = new(monitor.Path);
        if (pins.Exists)
        {
            pins.Remove();
        }
        if (NetInterfaces.List().FirstOrDefault(one => one.Name == monitor.InterfaceAlias) is { } target)
        {
            // A start that was killed before it pinned the filter.
            ClsactHook.RemoveOrphans(target.Index, IsPinned);
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
            throw PinDenied(denied);
        }
    }

    private static XTraceException PinDenied(UnauthorizedAccessException denied) => new(
        "PinDenied",
        XTraceErrorKind.PermissionDenied,
        $"Monitors are pinned under {PinDirectory.Root}, which this user may not read and write. Run as root, or give the folder to the user: "
        + $"'sudo chmod a+x {BpfFileSystem.Root}' and 'sudo install -d -o <user> {PinDirectory.Root}'.",
        PinDirectory.Root,
        denied);

    /// <summary>Why an interface's monitors are not in the list: pins open to their owner only. Null where that is not so.</summary>
    internal static XTraceException? OfAnotherUser(string interfaceName, FlowDirection directions) =>
        PinDirectory.All().Any(pins => pins.InterfaceName == interfaceName && directions.HasFlag(pins.Direction) && pins.IsDenied)
            ? new XTraceException(
                "PinDenied",
                XTraceErrorKind.PermissionDenied,
                $"{interfaceName} has a monitor of another user, which only that user and root may read, restart and stop. Run as one of them.",
                interfaceName)
            : null;

    private static void ThrowUnlessReplaceable(XdpMonitor existing, bool force)
    {
        if (force)
        {
            return;
        }
        string name = existing.InterfaceAlias;
        switch (existing.State)
        {
            case MonitorState.Running:
                throw new XTraceException(
                    "MonitorExists",
                    XTraceErrorKind.ResourceExists,
                    $"{name} has a monitor for {existing.Direction} since {existing.StartTime:yyyy-MM-dd HH:mm:ss}. Read it with Get-FlowStat, or restart it with -Force.",
                    name);
            case MonitorState.Moved:
                throw new XTraceException(
                    "MonitorMoved",
                    XTraceErrorKind.ResourceExists,
                    $"The {name} that a monitor was started on is in another network namespace now, and is still watched there. "
                    + $"End that with Stop-XdpMonitor {name}, or replace it with -Force.",
                    name);
            case MonitorState.Incompatible:
                throw new XTraceException(
                    "MonitorIncompatible",
                    XTraceErrorKind.InvalidState,
                    $"The monitor of {name} was started by another version of XTrace. Stop it with Stop-XdpMonitor, or replace it with Start-XdpMonitor -Force.",
                    name);
        }
    }

    /// <summary>Whose interface or whole namespace is gone, nobody will ever ask for by name.</summary>
    private static void RemoveDetached(Action<string> report)
    {
        foreach (PinDirectory pins in PinDirectory.Everywhere())
        {
            // Nobody else holds the lock: what is not whole is what a process left that died.
            if (!pins.IsWhole || IsDetached(pins))
            {
                report($"Removing the monitor of {pins.InterfaceName}, which is gone ({pins.FullPath}).");
                pins.Remove();
            }
        }
    }

    /// <summary>Of another namespace only what a link tells is known.</summary>
    private static bool IsDetached(PinDirectory pins)
    {
        try
        {
            if (!File.Exists(pins.Link))
            {
                return pins.IsOfThisNamespace && IsDetachedFilter(pins);
            }
            using BpfHandle link = BpfHandle.Open(pins.Link);
            return BpfLink.Query(link).InterfaceIndex == 0;
        }
        catch (BpfException denied) when (denied.Errno == Errnos.EACCES)
        {
            return false;
        }
    }

    private static bool IsDetachedFilter(PinDirectory pins)
    {
        using Attachment filter = Attachment.Open(pins);
        return !filter.IsInPlace();
    }

    /// <summary>Whether a clsact filter's program is that of a monitor of this namespace.</summary>
    private static bool IsPinned(uint programId) => PinDirectory.All().Where(pins => File.Exists(pins.Filter)).Any(pins =>
    {
        using BpfHandle program = BpfHandle.Open(pins.Filter);
        return BpfProgram.IdOf(program) == programId;
    });

    /// <summary>Null where another process has just removed it, or where it is another user's, whose pins open to nobody else.</summary>
    private static XdpMonitor? Describe(PinDirectory pins)
    {
        try
        {
            if (pins.IsWhole && pins.ReadMeta().AbiVersion != FlowAbi.Version)
            {
                return Broken(pins, MonitorState.Incompatible);
            }
            if (pins.IsWhole)
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

    /// <summary>What is known where the pins are not to be read: of a link, the program.</summary>
    private static XdpMonitor Broken(PinDirectory pins, MonitorState state)
    {
        uint program = 0;
        if (File.Exists(pins.Link))
        {
            using BpfHandle link = BpfHandle.Open(pins.Link);
            program = BpfLink.Query(link).ProgramId;
        }
        return new XdpMonitor { InterfaceAlias = pins.InterfaceName, Direction = pins.Direction, State = state, ProgramId = program, Path = pins.FullPath };
    }

    private static XdpMonitor Describe(PinDirectory pins, FlowMonitor monitor)
    {
        (int index, uint program, uint link) = monitor.QueryAttachment();
        string? name = index == 0 ? null : NetInterfaces.NameOf(index);
        bool running = name != null && monitor.IsInPlace();
        MonitorState state = running ? MonitorState.Running : index == 0 ? MonitorState.Detached : MonitorState.Moved;
        FlowTotals totals = monitor.ReadTotals();
        FlowFilter filter = FilterCompiler.Decompile(monitor.Meta.Filter);
        return new XdpMonitor
        {
            InterfaceAlias = running ? name! : pins.InterfaceName,
            InterfaceIndex = running ? index : 0,
            Direction = monitor.Direction,
            State = state,
            Hook = state == MonitorState.Detached ? MonitorHook.None : monitor.Hook,
            StartTime = monitor.StartTime,
            Filter = filter.IsEmpty ? null : $"{filter}",
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
