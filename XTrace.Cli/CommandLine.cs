using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using XTrace.Flows;
using XTrace.Net;

namespace XTrace.Cli;

/// <summary>The options, and what they ask for.</summary>
internal sealed class CommandLine
{
    internal const string Name = "xtrace-catch";

    private const int DefaultInterval = 5000;
    private const int MinInterval = 100;
    private const int MaxInterval = 3_600_000;
    private const string Xdp = "xdp";
    private const string Rdma = "rdma";
    private const string Nccl = "nccl";

    /// <summary>ib is what InfiniBand there is to see in Ethernet frames.</summary>
    private static readonly Dictionary<string, TrafficType[]> s_filters = new()
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
        Enum.GetValues<AttachMode>().ToDictionary(mode => mode.ToString().ToLowerInvariant());

    private static readonly Dictionary<string, FlowDirection> s_directions =
        Enum.GetValues<FlowDirection>().Where(direction => direction != FlowDirection.None)
            .ToDictionary(direction => direction.ToString().ToLowerInvariant());

    private readonly Option<bool> _help = new("--help", "-h") { Description = Messages.HelpOption };
    private readonly Option<bool> _version = new("--version") { Description = Messages.VersionOption };
    private readonly Option<bool> _list = new("--list", "-l") { Description = Messages.ListOption };
    private readonly Option<string> _mode = new("--mode", "-m") { HelpName = "MODE", Description = Messages.ModeOption };
    private readonly Option<string[]> _interfaces =
        new("--interface", "-i") { HelpName = "NAME[,NAME...]", Description = Messages.InterfaceOption };
    private readonly Option<string[]> _devices = new("--device", "-d") { HelpName = "NAME[,NAME...]", Description = Messages.DeviceOption };
    private readonly Option<string> _interval = new("--interval", "-t") { HelpName = "MS", Description = Messages.IntervalOption };
    private readonly Option<string> _filter = new("--filter", "-f") { HelpName = "TYPE", Description = Messages.FilterOption };
    private readonly Option<bool> _excludeDns = new("--exclude-dns") { Description = Messages.ExcludeDnsOption };
    private readonly Option<bool> _once = new("--once") { Description = Messages.OnceOption };
    private readonly Option<bool> _json = new("--json") { Description = Messages.JsonOption };
    private readonly Option<string> _attachMode = new("--attach-mode") { HelpName = "MODE", Description = Messages.AttachModeOption };
    private readonly Option<string> _direction = new("--direction") { HelpName = "DIRECTION", Description = Messages.DirectionOption };
    private readonly Option<string> _maxFlow = new("--max-flow") { HelpName = "N", Description = Messages.MaxFlowOption };
    private readonly Option<bool> _promiscuous = new("--promiscuous") { Description = Messages.PromiscuousOption };
    private readonly Option<bool> _detail = new("--detail") { Description = Messages.DetailOption };
    private readonly Option<bool> _all = new("--all") { Description = Messages.AllOption };
    private readonly Option<bool> _changed = new("--changed") { Description = Messages.ChangedOption };
    private readonly Option<bool> _verbose = new("--verbose") { Description = Messages.VerboseOption };
    private readonly Command _command;
    private readonly ParseResult _result;

    /// <exception cref="XTraceException">An option or its value is not known. Asking for help is never wrong.</exception>
    internal CommandLine(string[] args)
    {
        _command = new Command(Name)
        {
            _help, _version, _list, _mode, _interfaces, _devices, _interval, _filter, _excludeDns,
            _attachMode, _direction, _promiscuous, _maxFlow, _detail, _all, _changed, _once, _json, _verbose,
        };
        _result = _command.Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (!WantsHelp && _result.Errors is [var error, ..])
        {
            throw Wrong(Describe(error));
        }
    }

    internal bool WantsHelp => _result.GetValue(_help);

    internal bool WantsVersion => _result.GetValue(_version);

    internal bool WantsList => _result.GetValue(_list);

    internal bool WantsJson => _result.GetValue(_json);

    /// <summary>Whether RDMA counters are asked for, not flows.</summary>
    /// <exception cref="XTraceException">There is no such mode.</exception>
    internal bool WantsRdma => Mode != Xdp;

    /// <summary>What to watch.</summary>
    /// <exception cref="XTraceException">A value is out of range, or this mode does not use it.</exception>
    internal WatchRequest Request
    {
        get
        {
            Refuse(_devices, Messages.DeviceWithoutUse);
            Refuse(_changed, Messages.ChangedWithoutUse);
            return new WatchRequest(
                new FlowSessionOptions
                {
                    Interfaces = Interfaces,
                    Interval = Interval,
                    Filter = new FlowFilter { TrafficType = Choose(_filter, s_filters) ?? [], ExcludeDns = _result.GetValue(_excludeDns) },
                    Directions = _result.GetResult(_direction) == null ? null : Choose(_direction, s_directions),
                    AttachMode = Choose(_attachMode, s_attachModes),
                    MaxFlow = MaxFlow,
                    Promiscuous = _result.GetValue(_promiscuous),
                    Detail = _result.GetValue(_detail),
                },
                _result.GetValue(_once),
                _result.GetValue(_all),
                WantsJson,
                _result.GetValue(_verbose));
        }
    }

    /// <summary>Of what to show counters.</summary>
    /// <exception cref="XTraceException">A value is out of range, or this mode does not use it.</exception>
    internal RdmaRequest RdmaRequest
    {
        get
        {
            Refuse(_filter, Messages.FlowsOnly("-f", Mode));
            Refuse(_excludeDns, Messages.FlowsOnly("--exclude-dns", Mode));
            Refuse(_attachMode, Messages.FlowsOnly("--attach-mode", Mode));
            Refuse(_direction, Messages.FlowsOnly("--direction", Mode));
            Refuse(_promiscuous, Messages.FlowsOnly("--promiscuous", Mode));
            Refuse(_detail, Messages.FlowsOnly("--detail", Mode));
            Refuse(_all, Messages.FlowsOnly("--all", Mode));
            Refuse(_maxFlow, Messages.FlowsOnly("--max-flow", Mode));
            return new RdmaRequest(
                Mode == Nccl,
                Devices,
                _result.GetResult(_interfaces) is null ? [] : Names(_interfaces, Messages.NoInterface),
                Interval,
                _result.GetValue(_once),
                _result.GetValue(_changed),
                WantsJson,
                _result.GetValue(_verbose));
        }
    }

    internal void WriteHelp(TextWriter output)
    {
        output.WriteLine(Messages.Usage);
        foreach (Option option in _command.Options.Where(option => !option.Hidden))
        {
            string names = string.Join(", ", option.Aliases.Append(option.Name));
            output.WriteLine($"  {$"{names} {option.HelpName}",-32} {option.Description}");
        }
        output.WriteLine(Messages.Notes);
    }

    private string Mode
    {
        get
        {
            string mode = _result.GetValue(_mode)
                ?? (Environment.GetEnvironmentVariable("MONITOR_MODE") is { Length: > 0 } variable ? variable : Xdp);
            return mode is Xdp or Rdma or Nccl ? mode : throw Wrong(Messages.WrongMode(mode));
        }
    }

    private string[] Interfaces =>
        _result.GetResult(_interfaces) is null
            ? Split([NetInterfaces.Default], Messages.NoInterface)
            : Names(_interfaces, Messages.NoInterface);

    /// <summary>Those of -d. Without it, with -i those of the network interfaces, else those that NCCL is to use; null for all.</summary>
    private DeviceList? Devices
    {
        get
        {
            if (_result.GetResult(_devices) is not null)
            {
                return DeviceList.Parse(string.Join(',', _result.GetValue(_devices) ?? []), isPrefix: false) ?? throw Wrong(Messages.NoDevice);
            }
            string? nccl = Environment.GetEnvironmentVariable(DeviceList.Variable);
            return _result.GetResult(_interfaces) is not null || string.IsNullOrWhiteSpace(nccl) ? null
                : DeviceList.Parse(nccl, isPrefix: true);
        }
    }

    private TimeSpan Interval
    {
        get
        {
            if (_result.GetValue(_interval) is not { } text)
            {
                return TimeSpan.FromMilliseconds(DefaultInterval);
            }
            return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int interval)
                && interval is >= MinInterval and <= MaxInterval
                ? TimeSpan.FromMilliseconds(interval)
                : throw Wrong(Messages.WrongInterval(text, MinInterval, MaxInterval));
        }
    }

    private int MaxFlow =>
        _result.GetValue(_maxFlow) is not { } text ? new FlowSessionOptions { Interfaces = [] }.MaxFlow
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int flows) ? flows
        : throw Wrong(Messages.WrongMaxFlow(text));

    /// <summary>What an option's word stands for; the default where it is not given.</summary>
    private T? Choose<T>(Option<string> option, Dictionary<string, T> choices) =>
        _result.GetValue(option) is not { } text ? default
        : choices.TryGetValue(text, out T? choice) ? choice
        : throw Wrong(Messages.WrongChoice(option.Name, text, string.Join(", ", choices.Keys)));

    private string[] Names(Option<string[]> option, string ifNone) => Split(_result.GetValue(option) ?? [], ifNone);

    private static string[] Split(IEnumerable<string> lists, string ifNone)
    {
        string[] names =
        [
            .. lists.SelectMany(list => list.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)).Distinct(),
        ];
        return names.Length > 0 ? names : throw Wrong(ifNone);
    }

    private void Refuse(Option option, string message)
    {
        if (_result.GetResult(option) is { Implicit: false })
        {
            throw Wrong(message);
        }
    }

    private string Describe(ParseError error) => error.SymbolResult switch
    {
        OptionResult { Tokens: [] } option => Messages.MissingValue(option.IdentifierToken!.Value),
        OptionResult { Tokens: [_, _, ..] } option => Messages.GivenTwice(option.Option.Name),
        _ when _result.UnmatchedTokens is [var unknown, ..] => Messages.UnknownOption(unknown),
        _ => error.Message,
    };

    private static XTraceException Wrong(string message) => new("WrongUsage", XTraceErrorKind.InvalidArgument, message);
}
