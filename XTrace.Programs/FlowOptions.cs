using System.CommandLine;
using System.Globalization;
using XTrace.Monitors;
using XTrace.Net;

namespace XTrace.Programs;

/// <summary>The options that say which flows are watched, and how.</summary>
internal sealed class FlowOptions
{
    private const int DefaultInterval = 5000;
    private const int MinInterval = 100;
    private const int MaxInterval = 3_600_000;

    /// <summary>ib is what InfiniBand there is to see in Ethernet frames.</summary>
    private static readonly Dictionary<string, TrafficType[]> s_filters = new(StringComparer.OrdinalIgnoreCase)
    {
        ["all"] = [],
        ["tcp"] = [TrafficType.TCP],
        ["udp"] = [TrafficType.UDP],
        ["roce"] = [TrafficType.RoCEv1, TrafficType.RoCEv2],
        ["roce_v1"] = [TrafficType.RoCEv1],
        ["roce_v2"] = [TrafficType.RoCEv2],
        ["ib"] = [TrafficType.RoCEv1, TrafficType.RoCEv2],
    };

    private static readonly Dictionary<string, AttachMode> s_attachModes =
        Enum.GetValues<AttachMode>().ToDictionary(mode => mode.ToString().ToLowerInvariant(), StringComparer.OrdinalIgnoreCase);

    private static readonly Dictionary<string, FlowDirection> s_directions =
        Enum.GetValues<FlowDirection>().Where(direction => direction != FlowDirection.None)
            .ToDictionary(direction => direction.ToString().ToLowerInvariant(), StringComparer.OrdinalIgnoreCase);

    internal Option<string[]> Interfaces { get; } =
        new("--interface", "-i") { HelpName = "NAME[,NAME...]", Description = OptionMessages.InterfaceOption };

    internal Option<string> Interval { get; } = new("--interval", "-t") { HelpName = "MS", Description = OptionMessages.IntervalOption };

    internal Option<string> Filter { get; } = new("--filter", "-f") { HelpName = "TYPE", Description = OptionMessages.FilterOption };

    internal Option<bool> ExcludeDns { get; } = new("--exclude-dns") { Description = OptionMessages.ExcludeDnsOption };

    internal Option<string> AttachMode { get; } =
        new("--attach-mode") { HelpName = "MODE", Description = OptionMessages.AttachModeOption };

    internal Option<string> Direction { get; } =
        new("--direction") { HelpName = "DIRECTION", Description = OptionMessages.DirectionOption };

    internal Option<string> MaxFlow { get; } = new("--max-flow") { HelpName = "N", Description = OptionMessages.MaxFlowOption };

    internal Option<bool> Promiscuous { get; } = new("--promiscuous") { Description = OptionMessages.PromiscuousOption };

    /// <summary>The directions to watch.</summary>
    /// <exception cref="XTraceException">A value is out of range.</exception>
    internal FlowSessionOptions Read(Arguments arguments) => new()
    {
        Interfaces = arguments.List(Interfaces, OptionMessages.NoInterface)
            ?? Arguments.Split([NetInterfaces.Default], OptionMessages.NoInterface),
        Interval = ReadInterval(arguments),
        Filter = new FlowFilter { TrafficType = arguments.Choose(Filter, s_filters) ?? [], ExcludeDns = arguments.IsOn(ExcludeDns) },
        Directions = arguments.Text(Direction) is null ? null : arguments.Choose(Direction, s_directions),
        AttachMode = arguments.Choose(AttachMode, s_attachModes),
        MaxFlow = arguments.Number(
            MaxFlow, MonitorOptions.DefaultMaxFlow, MonitorOptions.MinMaxFlow, MonitorOptions.MaxMaxFlow),
        Promiscuous = arguments.IsOn(Promiscuous),
    };

    /// <summary>Time between two samples.</summary>
    /// <exception cref="XTraceException">It is out of range.</exception>
    internal TimeSpan ReadInterval(Arguments arguments)
    {
        if (arguments.Text(Interval) is not { } text)
        {
            return TimeSpan.FromMilliseconds(DefaultInterval);
        }
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int interval)
            && interval is >= MinInterval and <= MaxInterval
            ? TimeSpan.FromMilliseconds(interval)
            : throw Arguments.Wrong(OptionMessages.WrongInterval(text, MinInterval, MaxInterval));
    }
}
