using XTrace.Bpf;
using XTrace.Flows;
using XTrace.Messages;
using XTrace.Net;

namespace XTrace.Monitors;

/// <summary>The pinned monitors of this network namespace: start, find, stop. Any process may do each.</summary>
internal static class MonitorStore
{
    /// <summary>Starts points that outlive this process, in one table if they fit into one.</summary>
    /// <param name="targets">Interfaces and directions, each Ingress or Egress.</param>
    /// <param name="options">How.</param>
    /// <param name="force">Replace a point of ours that runs there, or that another version started.</param>
    /// <param name="report">Receives details, and the error of each target that could not be started.</param>
    /// <returns>The monitors that were started.</returns>
    /// <exception cref="XTraceException">Nothing could be started.</exception>
    internal static IReadOnlyList<XdpMonitor> Start(
        IReadOnlyList<(NetInterface Target, FlowDirection Direction)> targets, MonitorOptions options, bool force, Action<Notice> report)
    {
        options.Check();
        return Locked(() =>
        {
            RemoveDead(report);
            RemoveOrphans();
            using MonitorStart start = new(options, force, report);
            return start.Run(targets);
        });
    }

    /// <summary>All points of this namespace, whatever their state, in the order of interfaces.</summary>
    /// <param name="withCounts">Whether their totals are wanted, and how full their tables are.</param>
    /// <exception cref="XTraceException">The user may not see them, so nobody knows whether there are any.</exception>
    internal static IReadOnlyList<XdpMonitor> List(bool withCounts) => AskPins<IReadOnlyList<XdpMonitor>>(() =>
    {
        Capabilities.RequireMonitoring();
        // Without the lock nobody knows what is about to be pinned.
        ClsactHook.RemoveOrphans(isPinned: (_, _) => true);
        return
        [
            .. PinFolder.All().SelectMany(folder => ListIn(folder, withCounts))
                .Concat(OldPins.In(PinFolder.OfNamespace).Select(Describe).OfType<XdpMonitor>())
                .OrderBy(monitor => monitor.InterfaceAlias, NaturalOrder.Instance).ThenBy(monitor => monitor.Direction),
        ];
    });

    /// <summary>
    /// The monitors as their pins tell them, without their counts. This asks the kernel nothing and so needs no right. The list
    /// is empty where the user may not look at the pins.
    /// </summary>
    internal static IReadOnlyList<XdpMonitor> ListUnread()
    {
        try
        {
            return [.. PinFolder.All().SelectMany(folder => folder.Points)
                .Select(pin => new XdpMonitor
                {
                    InterfaceAlias = pin.InterfaceName,
                    Direction = pin.Direction,
                    Path = BpfFileSystem.ToPublic(pin.Path),
                })];
        }
        catch (Exception denied) when (denied is UnauthorizedAccessException or XTraceException)
        {
            return [];
        }
    }

    /// <summary>The indexes of the interfaces that a monitor counts in this namespace, found without reading a table.</summary>
    /// <exception cref="XTraceException">The user may not see them, so nobody knows whether there are any.</exception>
    internal static IReadOnlySet<int> ListRunning() => AskPins<IReadOnlySet<int>>(
        () => PinFolder.All().SelectMany(folder => folder.Points).Select(pin => pin.InterfaceIndex).ToHashSet());

    /// <summary>Opens the monitors that run on some interfaces; none where the user may not look whether there are any.</summary>
    /// <param name="interfaces">Indexes of the interfaces.</param>
    /// <param name="directions">Which directions are wanted.</param>
    /// <param name="report">Receives the reason if none are looked for, and monitors of another version.</param>
    /// <returns>Each monitor, with those of its points that are wanted and run. The caller closes them.</returns>
    internal static IReadOnlyList<(FlowMonitor Monitor, IReadOnlyList<PinnedPoint> Points, string Folder)> Open(
        IReadOnlySet<int> interfaces, FlowDirection directions, Action<Notice> report)
    {
        List<(FlowMonitor, IReadOnlyList<PinnedPoint>, string)> found = [];
        try
        {
            Capabilities.RequireMonitoring();
            foreach (PinFolder folder in PinFolder.All())
            {
                PointPin[] pins = [.. folder.Points.Where(pin => directions.HasFlag(pin.Direction))];
                if (pins.Length > 0 && TryOpen(folder) is { } monitor)
                {
                    PinnedPoint[] points = [.. pins.Select(pin => PinnedPoint.Query(monitor, pin)).OfType<PinnedPoint>()
                        .Where(point => point.State == MonitorState.Running && interfaces.Contains(point.InterfaceIndex))];
                    if (points.Length > 0)
                    {
                        found.Add((monitor, points, folder.Path));
                        continue;
                    }
                    monitor.Dispose();
                }
            }
        }
        catch (Exception denied) when (denied is UnauthorizedAccessException or XTraceException { Kind: XTraceErrorKind.PermissionDenied })
        {
            report(new Notice(NoticeLevel.Detail, FlowMessages.MonitorsNotRead, null, denied.Message));
        }
        catch
        {
            found.ForEach(pinned => pinned.Item1.Dispose());
            throw;
        }
        return found;
    }

    /// <summary>The monitor of an interface that another version started, or null.</summary>
    internal static OldPins? FindOld(string interfaceName, FlowDirection directions)
    {
        try
        {
            return OldPins.In(PinFolder.OfNamespace)
                .FirstOrDefault(old => old.InterfaceName == interfaceName && directions.HasFlag(old.Direction) && old.IsWhole);
        }
        catch (UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Whether another version's monitor counts an interface.</summary>
    internal static bool IsIncompatible(NetInterface target, FlowDirection directions)
    {
        try
        {
            return PinFolder.All().Any(folder =>
                    folder.Points.Any(pin => pin.InterfaceIndex == target.Index && directions.HasFlag(pin.Direction))
                    && !folder.TryReadMeta(out _))
                || FindOld(target.Name, directions) != null;
        }
        catch (Exception hidden) when (hidden is UnauthorizedAccessException or XTraceException)
        {
            // This user may not see it, or it cannot be trusted, or it is half removed.
            return false;
        }
    }

    /// <summary>Detaches points and removes their pins, whatever their state; with a monitor's last point the monitor.</summary>
    /// <param name="monitors">The result of List.</param>
    /// <param name="report">Receives the error of each that could not be stopped.</param>
    /// <param name="stopped">Receives each that was stopped.</param>
    internal static void Stop(IReadOnlyList<XdpMonitor> monitors, Action<Notice> report, Action<XdpMonitor> stopped) => Locked(() =>
    {
        Dictionary<string, FlowMonitor?> opened = [];
        foreach (XdpMonitor monitor in monitors)
        {
            try
            {
                Stop(BpfFileSystem.FromPublic(monitor.Path), opened);
                stopped(monitor);
            }
            catch (XTraceException error)
            {
                report(new Notice(error));
            }
        }
        foreach ((string folder, FlowMonitor? monitor) in opened)
        {
            monitor?.Dispose();
            RemoveIfEmpty(new PinFolder(folder));
        }
        RemoveOrphans();
        return true;
    });

    /// <param name="path">The pin of a point, or the folder of another version's monitor.</param>
    /// <param name="opened">The monitors that were opened so far, by folder: each is opened once.</param>
    private static void Stop(string path, Dictionary<string, FlowMonitor?> opened)
    {
        if (OldPins.Is(path))
        {
            new OldPins(path).Remove();
        }
        else if (PinFolder.TryParse(path, out PointPin pin) && FileStatus.IsThere(path))
        {
            PinFolder folder = PinFolder.Containing(path);
            if (!opened.TryGetValue(folder.Path, out FlowMonitor? monitor))
            {
                opened[folder.Path] = monitor = TryOpen(folder);
            }
            PinnedPoint.Remove(monitor, pin);
        }
    }

    private static void RemoveIfEmpty(PinFolder folder)
    {
        if (folder.Points.Count == 0)
        {
            folder.Remove();
        }
    }

    /// <summary>Removes one point, and its monitor if it was the last. Hold the PinLock.</summary>
    internal static void RemovePoint(PinFolder folder, PointPin pin)
    {
        using FlowMonitor? monitor = TryOpen(folder);
        PinnedPoint.Remove(monitor, pin);
        RemoveIfEmpty(folder);
    }

    /// <summary>Removes clsact filters of processes that were killed before they pinned them. Hold the PinLock.</summary>
    private static void RemoveOrphans()
    {
        Lazy<HashSet<(int, FlowDirection)>> pinned = new(() =>
            [.. PinFolder.All().SelectMany(folder => folder.Points).Select(pin => (pin.InterfaceIndex, pin.Direction))]);
        ClsactHook.RemoveOrphans((index, direction) => pinned.Value.Contains((index, direction)));
    }

    /// <summary>Null where it is not whole, or another version's.</summary>
    internal static FlowMonitor? TryOpen(PinFolder folder)
    {
        try
        {
            return FlowMonitor.Open(folder);
        }
        catch (BpfException gone) when (gone.Errno == Errnos.ENOENT)
        {
            return null;
        }
    }

    /// <summary>A point with its totals.</summary>
    /// <param name="monitor">Its monitor.</param>
    /// <param name="point">The point.</param>
    /// <param name="counts">The counts beside its totals. Null: no counts are wanted.</param>
    internal static XdpMonitor Describe(FlowMonitor monitor, PinnedPoint point, MonitorCounts? counts)
    {
        FlowTotals totals = counts != null && point.Point is { } known ? monitor.Points.ReadTotals(known.Id) : default;
        FlowFilter filter = monitor.Filter;
        return new XdpMonitor
        {
            InterfaceAlias = point.Name,
            InterfaceIndex = point.InterfaceIndex,
            Direction = point.Direction,
            State = point.State,
            Hook = point.State is MonitorState.Running or MonitorState.Moved ? point.Point!.Value.Hook : MonitorHook.None,
            StartTime = point.Point is { } started ? monitor.Calibrate().TimeOfBoot(started.StartedNanoseconds) : null,
            Filter = filter.IsEmpty ? null : filter,
            Detail = monitor.HasDetails,
            Packets = totals.Packets,
            Bytes = totals.Bytes,
            EvictedPackets = totals.EvictedPackets + totals.ReportedPackets,
            EvictedBytes = totals.EvictedBytes + totals.ReportedBytes,
            ReportedPackets = totals.ReportedPackets,
            ReportedBytes = totals.ReportedBytes,
            FilteredPackets = totals.FilteredPackets,
            FilteredBytes = totals.FilteredBytes,
            MalformedPackets = totals.MalformedPackets,
            MalformedBytes = totals.MalformedBytes,
            QueueDrops = counts?.DropsSinceStart(point),
            ProgramsBefore = point.ProgramsBefore,
            UsedSlots = point.Point is { } counted ? counts?.Slots.GetValueOrDefault(counted.Id) ?? 0 : 0,
            TableUsedSlots = counts != null ? monitor.Table.UsedSlots : 0,
            TableSlots = monitor.Slots,
            MaxFlow = (int)monitor.Meta.MaxFlow,
            TableSize = monitor.Size,
            ProgramId = point.ProgramId,
            LinkId = point.LinkId,
            Path = BpfFileSystem.ToPublic(point.Pin.Path),
        };
    }

    private static IEnumerable<XdpMonitor> ListIn(PinFolder folder, bool withCounts)
    {
        using FlowMonitor? monitor = TryOpen(folder);
        if (monitor == null)
        {
            // It belongs to another version, or is half removed.
            return folder.Points.Select(pin => new XdpMonitor
            {
                InterfaceAlias = pin.InterfaceName,
                Direction = pin.Direction,
                State = MonitorState.Incompatible,
                Path = BpfFileSystem.ToPublic(pin.Path),
            });
        }
        MonitorCounts? counts = withCounts ? new MonitorCounts(monitor.Table.CountSlots(), QueueDrops.Read()) : null;
        return [.. folder.Points.Select(pin => PinnedPoint.Query(monitor, pin)).OfType<PinnedPoint>()
            .Select(point => Describe(monitor, point, counts))];
    }

    /// <summary>Null where another process has just removed it.</summary>
    private static XdpMonitor? Describe(OldPins old)
    {
        try
        {
            return new XdpMonitor
            {
                InterfaceAlias = old.InterfaceName,
                Direction = old.Direction,
                State = old.IsWhole ? MonitorState.Incompatible : MonitorState.Incomplete,
                ProgramId = old.ProgramId,
                Path = BpfFileSystem.ToPublic(old.Path),
            };
        }
        catch (BpfException gone) when (gone.Errno == Errnos.ENOENT)
        {
            return null;
        }
    }

    /// <summary>Does something to the pins while no other process can.</summary>
    private static T Locked<T>(Func<T> change)
    {
        Capabilities.RequireMonitoring();
        BpfFileSystem.Require();
        return AskPins(() =>
        {
            using PinLock mutex = new();
            return change();
        });
    }

    /// <summary>Does something with the pins, which this user may not be allowed to see.</summary>
    private static T AskPins<T>(Func<T> question)
    {
        try
        {
            return question();
        }
        catch (UnauthorizedAccessException denied)
        {
            throw new XTraceException(denied, FlowMessages.PinDenied, PinFolder.Root, PinFolder.Root, BpfFileSystem.Root);
        }
    }

    /// <summary>
    /// Removes points that no longer count, and what a process left that died half way. Nobody else holds the lock. Nobody can name a
    /// monitor whose interface or namespace is gone, so it is removed here.
    /// </summary>
    private static void RemoveDead(Action<Notice> report)
    {
        List<string> removed = [];
        foreach (PinFolder folder in PinFolder.Everywhere())
        {
            RemoveDead(folder, report, removed);
        }
        if (removed.Count > 0)
        {
            report(new Notice(NoticeLevel.Warning, FlowMessages.RemovedDead, null, string.Join(", ", removed)));
        }
        foreach (OldPins old in PinFolder.Namespaces().SelectMany(OldPins.In).Where(old => !old.IsWhole || old.IsDetached))
        {
            report(new Notice(NoticeLevel.Detail, FlowMessages.RemovingDead, old.InterfaceName, old.InterfaceName, old.Path));
            old.Remove();
        }
    }

    /// <param name="folder">A monitor.</param>
    /// <param name="report">Is told each point that is removed, for the curious.</param>
    /// <param name="removed">Gets those of this namespace, which Get-XdpMonitor showed so far.</param>
    private static void RemoveDead(PinFolder folder, Action<Notice> report, List<string> removed)
    {
        using FlowMonitor? monitor = TryOpen(folder);
        if (monitor == null)
        {
            if (folder.Points.Count == 0)
            {
                folder.Remove();
            }
            return;
        }
        HashSet<uint> alive = [];
        foreach (PointPin pin in folder.Points)
        {
            if (IsAlive(monitor, folder, pin, out uint point))
            {
                alive.Add(point);
                continue;
            }
            report(new Notice(NoticeLevel.Detail, FlowMessages.RemovingDead, pin.InterfaceName, pin.InterfaceName, pin.Path));
            PinnedPoint.Remove(monitor, pin);
            if (folder.IsOfThisNamespace)
            {
                removed.Add($"{pin.InterfaceName} ({pin.Direction})");
            }
        }
        foreach (Point point in monitor.Points.List().Where(point => !alive.Contains(point.Id)))
        {
            monitor.Points.Remove(point.Id);
        }
        if (alive.Count == 0)
        {
            folder.Remove();
        }
    }

    /// <summary>In another namespace, only the information of a link is known.</summary>
    private static bool IsAlive(FlowMonitor monitor, PinFolder folder, PointPin pin, out uint id)
    {
        id = 0;
        if (monitor.Points.Find(pin.InterfaceIndex, pin.Direction) is not { Hook: not MonitorHook.None } point)
        {
            return false;
        }
        id = point.Id;
        if (point.Hook == MonitorHook.Clsact && !folder.IsOfThisNamespace)
        {
            return true;
        }
        using Attachment attachment = Attachment.Open(pin.Path, point);
        return attachment.Query().InterfaceIndex != 0;
    }
}
