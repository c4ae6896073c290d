using XTrace.Bpf;
using XTrace.Flows;
using XTrace.Net;

namespace XTrace.Monitors;

/// <summary>A pinned point as it is now, found without reading the flow table.</summary>
internal sealed class PinnedPoint
{
    private PinnedPoint(PointPin pin)
    {
        Pin = pin;
        Name = pin.InterfaceName;
    }

    internal PointPin Pin { get; }

    /// <summary>The monitor's record of it. Null if it is not whole.</summary>
    internal Point? Point { get; private init; }

    internal MonitorState State { get; private init; } = MonitorState.Incomplete;

    /// <summary>The interface's name: as it is now, or as it was when it is not there.</summary>
    internal string Name { get; private init; }

    /// <summary>The interface's index; 0 where the point is not attached in this network namespace.</summary>
    internal int InterfaceIndex { get; private init; }

    internal uint ProgramId { get; private init; }

    internal uint LinkId { get; private init; }

    /// <summary>How many programs of others run before it.</summary>
    internal int ProgramsBefore { get; private init; }

    internal FlowDirection Direction => Pin.Direction;

    /// <summary>A point of a monitor that this version cannot read.</summary>
    internal static PinnedPoint QueryIncompatible(PointPin pin)
    {
        using Attachment attachment = Attachment.Open(pin);
        return new PinnedPoint(pin) { State = MonitorState.Incompatible, ProgramId = attachment.Query().ProgramId };
    }

    /// <summary>Asks the kernel about a point.</summary>
    /// <returns>Null where another process has just removed it.</returns>
    internal static PinnedPoint? Query(FlowMonitor monitor, PointPin pin)
    {
        if (monitor.Points.Find(pin.InterfaceIndex, pin.Direction) is not { Hook: not MonitorHook.None } point)
        {
            return new PinnedPoint(pin);
        }
        try
        {
            using Attachment attachment = Attachment.Open(pin.Path, point);
            (int index, uint program, uint link) = attachment.Query();
            string? name = index == 0 ? null : NetInterfaces.NameOf(index);
            bool isRunning = name != null && attachment.IsInPlace();
            return new PinnedPoint(pin)
            {
                Point = point,
                State = isRunning ? MonitorState.Running : index == 0 ? MonitorState.Detached : MonitorState.Moved,
                Name = isRunning ? name! : pin.InterfaceName,
                InterfaceIndex = isRunning ? index : 0,
                ProgramId = program,
                LinkId = link,
                ProgramsBefore = isRunning ? attachment.CountProgramsBefore() : 0,
            };
        }
        catch (BpfException gone) when (gone.Errno == Errnos.ENOENT)
        {
            return null;
        }
    }

    /// <summary>Takes the program off, and removes the pin. Safe at any step: what is left is found again as incomplete.</summary>
    /// <param name="monitor">The point's monitor; null where it cannot be read.</param>
    /// <param name="pin">The point's pin.</param>
    internal static void Remove(FlowMonitor? monitor, PointPin pin)
    {
        Point? point = monitor?.Points.Find(pin.InterfaceIndex, pin.Direction);
        if (point is { Hook: not MonitorHook.None } attached)
        {
            using Attachment attachment = Attachment.Open(pin.Path, attached);
            attachment.Detach();
        }
        else if (monitor == null)
        {
            using Attachment attachment = Attachment.Open(pin);
            attachment.Detach();
        }
        if (point is { IsPromiscuous: true })
        {
            TakeBackPromiscuity(pin);
        }
        PinFolder.Remove(pin);
        if (point is { } known)
        {
            monitor!.Points.Remove(known.Id);
        }
    }

    private static void TakeBackPromiscuity(PointPin pin)
    {
        if (NetInterfaces.NameOf(pin.InterfaceIndex) != null)
        {
            Promiscuity.Set(pin.InterfaceIndex, isPromiscuous: false);
        }
    }
}
