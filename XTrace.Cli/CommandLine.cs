using System.CommandLine;
using XTrace.Live;
using XTrace.Programs;
using XTrace.Rdma;

namespace XTrace.Cli;

/// <summary>The options and their meaning.</summary>
internal sealed class CommandLine
{
    internal const string Name = "xtrace-catch";

    private const string Xdp = "xdp";
    private const string Rdma = "rdma";
    private const string Nccl = "nccl";

    private readonly Option<bool> _help = new("--help", "-h") { Description = OptionMessages.HelpOption };
    private readonly Option<bool> _version = new("--version") { Description = OptionMessages.VersionOption };
    private readonly Option<bool> _list = new("--list", "-l") { Description = Messages.ListOption };
    private readonly Option<string> _mode = new("--mode", "-m") { HelpName = "MODE", Description = Messages.ModeOption };
    private readonly Option<string[]> _devices = new("--device", "-d") { HelpName = "NAME[,NAME...]", Description = Messages.DeviceOption };
    private readonly Option<bool> _once = new("--once") { Description = Messages.OnceOption };
    private readonly Option<bool> _live = new("--live") { Description = Messages.LiveOption };
    private readonly Option<bool> _json = new("--json") { Description = Messages.JsonOption };
    private readonly Option<bool> _detail = new("--detail") { Description = Messages.DetailOption };
    private readonly Option<bool> _all = new("--all") { Description = Messages.AllOption };
    private readonly Option<bool> _changed = new("--changed") { Description = Messages.ChangedOption };
    private readonly Option<bool> _verbose = new("--verbose") { Description = OptionMessages.VerboseOption };
    private readonly FlowOptions _flows = new();
    private readonly Arguments _arguments;

    /// <exception cref="XTraceException">An option or its value is not known. Asking for help is never wrong.</exception>
    internal CommandLine(string[] args)
    {
        _arguments = new Arguments(
            Name, args, variables: null,
            _help, _version, _list, _mode, _flows.Interfaces, _devices, _flows.Interval, _flows.Filter, _flows.ExcludeDns,
            _flows.AttachMode, _flows.Direction, _flows.Promiscuous, _flows.MaxFlow, _detail, _all, _changed, _live, _once, _json,
            _verbose);
        if (!WantsHelp)
        {
            _arguments.ThrowIfWrong();
        }
    }

    internal bool WantsHelp => _arguments.IsOn(_help);

    internal bool WantsVersion => _arguments.IsOn(_version);

    internal bool WantsList => _arguments.IsOn(_list);

    internal bool WantsJson => _arguments.IsOn(_json);

    internal bool WantsLive => _arguments.IsOn(_live);

    /// <summary>Whether RDMA counters are asked for, not flows.</summary>
    /// <exception cref="XTraceException">There is no such mode.</exception>
    internal bool WantsRdma => Mode != Xdp;

    /// <summary>The interfaces to watch, and how.</summary>
    /// <exception cref="XTraceException">A value is out of range, or this mode does not use it.</exception>
    internal WatchRequest Request
    {
        get
        {
            _arguments.Refuse(_devices, Messages.DeviceWithoutUse);
            _arguments.Refuse(_changed, Messages.ChangedWithoutUse);
            return new WatchRequest(
                _flows.Read(_arguments) with { Detail = _arguments.IsOn(_detail) },
                _arguments.IsOn(_once), _arguments.IsOn(_all), WantsJson, _arguments.IsOn(_verbose));
        }
    }

    /// <summary>The devices whose counters are shown.</summary>
    /// <exception cref="XTraceException">A value is out of range, or this mode does not use it.</exception>
    internal RdmaRequest RdmaRequest
    {
        get
        {
            _arguments.Refuse(_flows.Filter, Messages.FlowsOnly("-f", Mode));
            foreach (Option option in (Option[])
                [_flows.ExcludeDns, _flows.AttachMode, _flows.Direction, _flows.Promiscuous, _detail, _all, _flows.MaxFlow])
            {
                _arguments.Refuse(option, Messages.FlowsOnly(option.Name, Mode));
            }
            return new RdmaRequest(
                Mode == Nccl,
                Devices,
                _arguments.List(_flows.Interfaces, OptionMessages.NoInterface) ?? [],
                _flows.ReadInterval(_arguments),
                _arguments.IsOn(_once),
                _arguments.IsOn(_changed),
                WantsJson,
                _arguments.IsOn(_verbose));
        }
    }

    /// <summary>The contents of the live view. A view of RDMA alone needs no rights.</summary>
    /// <exception cref="XTraceException">A value is out of range, or the live view does not use it.</exception>
    internal LiveOptions LiveOptions
    {
        get
        {
            foreach (Option option in (Option[])[_once, _json, _all, _changed])
            {
                _arguments.Refuse(option, Messages.NotLive(option.Name));
            }
            TimeSpan interval = _arguments.Text(_flows.Interval) is null ? new LiveOptions().Interval : _flows.ReadInterval(_arguments);
            if (WantsRdma)
            {
                RdmaRequest request = RdmaRequest with { AllCounters = true };
                return new LiveOptions { Rdma = RdmaSelection.From(request) with { Filter = new CounterFilter() }, Interval = interval };
            }
            FlowSessionOptions flows = Request.Session;
            return new LiveOptions
            {
                // A conversation has two directions.
                Flows = flows with { Detail = true, Directions = flows.Directions ?? FlowDirection.Both },
                Interval = interval,
            };
        }
    }

    internal void WriteHelp(TextWriter output) => _arguments.WriteHelp(Messages.Usage, Messages.Notes, output);

    /// <summary>The devices of -d. Without -d, those of -i (network interfaces), otherwise those that NCCL uses. Null for all.</summary>
    private DeviceList? Devices
    {
        get
        {
            if (_arguments.List(_devices, Messages.NoDevice) is { } names)
            {
                return DeviceList.Parse(string.Join(',', names), isPrefix: false) ?? throw Arguments.Wrong(Messages.NoDevice);
            }
            string? nccl = Environment.GetEnvironmentVariable(DeviceList.Variable);
            return _arguments.List(_flows.Interfaces, OptionMessages.NoInterface) is not null || string.IsNullOrWhiteSpace(nccl) ? null
                : DeviceList.Parse(nccl, isPrefix: true);
        }
    }

    private string Mode
    {
        get
        {
            string mode = _arguments.Text(_mode)
                ?? (Environment.GetEnvironmentVariable("MONITOR_MODE") is { Length: > 0 } variable ? variable : Xdp);
            return mode.ToLowerInvariant() is (Xdp or Rdma or Nccl) and var known ? known : throw Arguments.Wrong(Messages.WrongMode(mode));
        }
    }
}
