using XTrace.Bpf;
using XTrace.Monitors;
using XTrace.Net;

namespace XTrace.Tests;

/// <summary>Pins that XTrace left before version 3 of its table, made of real maps, programs and links.</summary>
internal static class OldVersion
{
    /// <summary>Starts a monitor as that version did. Version 1 knew one direction, and had no folder for it.</summary>
    /// <returns>The monitor's folder.</returns>
    internal static string Start(int version, string name, FlowDirection direction, MonitorHook hook)
    {
        MonitorOptions options = new() { MaxFlow = 8, Hooks = [hook] };
        NetInterface target = TestInterfaces.Get(name);
        string folder = Path.Combine(PinFolder.OfNamespace, name);
        folder = version == 1 ? folder : Path.Combine(folder, direction.ToString().ToLowerInvariant());
        Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        using FlowMonitor monitor = FlowMonitor.Create(options, points: 1, owner: null, _ => { });
        uint point = monitor.Attach(target, direction, options.PlanFor(target, direction), null, _ => { })!.Value;
        using BpfHandle clock = FlowProgram.Load("xtrace_clock", monitor.Maps, monitor.HasDetails);
        monitor.Maps.Meta.Pin(Path.Combine(folder, "meta"));
        monitor.Maps.Flows.Pin(Path.Combine(folder, "flows"));
        monitor.Maps.States.Pin(Path.Combine(folder, "cpus"));
        clock.Pin(Path.Combine(folder, "clock"));
        monitor.PinPoint(point, Path.Combine(folder, hook == MonitorHook.Clsact ? "filter" : "link"));
        return folder;
    }
}
