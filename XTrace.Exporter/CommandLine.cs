using System.CommandLine;
using XTrace.Exporter.ClickHouse;
using XTrace.Exporter.Ipfix;
using XTrace.Exporter.Metrics;
using XTrace.Programs;

namespace XTrace.Exporter;

/// <summary>The options and their meaning. Each can be given as a variable too: XTRACE_MAX_FLOW for --max-flow.</summary>
internal sealed class CommandLine
{
    internal const string Name = "xtrace-exporter";

    private const string Variables = "XTRACE_";
    private const int DefaultIdle = 15;
    private const int DefaultActive = 60;
    private const int MaxTimeout = 86_400;
    private const int DefaultBuffer = 16;
    private const int MaxBuffer = 1024;
    private const int DefaultDomain = 1;
    private const int ExampleEnterprise = 32473; // RFC 5612: for documentation; XTrace has none of its own
    private const int DefaultMtu = 1500;
    private const int MinMtu = 512;
    private const int MaxMtu = 9000;
    private const int DefaultRefresh = 60;
    private const int MaxRefresh = 3600;

    private readonly Option<bool> _help = new("--help", "-h") { Description = OptionMessages.HelpOption };
    private readonly Option<bool> _version = new("--version") { Description = OptionMessages.VersionOption };
    private readonly Option<string[]> _excluded = new("--exclude") { HelpName = "NAME[,NAME...]", Description = Messages.ExcludeOption };
    private readonly Option<string[]> _devices = new("--device", "-d") { HelpName = "NAME[,NAME...]", Description = Messages.DeviceOption };
    private readonly Option<string> _idle = new("--idle-timeout") { HelpName = "SECONDS", Description = Messages.IdleOption };
    private readonly Option<string> _active = new("--active-timeout") { HelpName = "SECONDS", Description = Messages.ActiveOption };
    private readonly Option<bool> _owners = new("--owners") { Description = Messages.OwnersOption };
    private readonly Option<string> _buffer = new("--buffer") { HelpName = "MIB", Description = Messages.BufferOption };
    private readonly Option<string[]> _ipfix = new("--ipfix") { HelpName = "URL[,URL...]", Description = Messages.IpfixOption };
    private readonly Option<string> _domain = new("--ipfix-domain") { HelpName = "N", Description = Messages.DomainOption };
    private readonly Option<string> _enterprise = new("--ipfix-enterprise") { HelpName = "N", Description = Messages.EnterpriseOption };
    private readonly Option<string> _mtu = new("--ipfix-mtu") { HelpName = "BYTES", Description = Messages.MtuOption };
    private readonly Option<string> _refresh = new("--ipfix-refresh") { HelpName = "SECONDS", Description = Messages.RefreshOption };
    private readonly Option<string> _authorities = new("--tls-ca") { HelpName = "FILE", Description = Messages.AuthoritiesOption };
    private readonly Option<string> _certificate = new("--tls-cert") { HelpName = "FILE", Description = Messages.CertificateOption };
    private readonly Option<string> _key = new("--tls-key") { HelpName = "FILE", Description = Messages.KeyOption };
    private readonly Option<bool> _verbose = new("--verbose") { Description = OptionMessages.VerboseOption };
    private readonly FlowOptions _flows = new();
    private readonly MetricOptions _metrics = new();
    private readonly ClickHouseArguments _clickHouse = new();
    private readonly Arguments _arguments;

    /// <exception cref="XTraceException">An option or its value is not known. Asking for help is never wrong.</exception>
    internal CommandLine(string[] args)
    {
        _arguments = new Arguments(
            Name, args, Variables,
            [_help, _version, _flows.Interfaces, _excluded, _flows.Direction, _flows.Filter, _flows.ExcludeDns, _flows.AttachMode,
            _flows.Promiscuous, _flows.MaxFlow, _flows.Interval, _idle, _active, _owners,
            _ipfix, _domain, _enterprise, _mtu, _refresh, .. _metrics.All, .. _clickHouse.All, _devices,
            _buffer, _authorities, _certificate, _key, _verbose]);
        if (!WantsHelp)
        {
            _arguments.ThrowIfWrong();
        }
    }

    internal bool WantsHelp => _arguments.IsGiven(_help);

    internal bool WantsVersion => _arguments.IsGiven(_version);

    /// <summary>The options of the exporter.</summary>
    /// <exception cref="XTraceException">A value is out of range, or there is nowhere to export to.</exception>
    internal ExportRequest Request
    {
        get
        {
            FlowSessionOptions flows = _flows.Read(_arguments) with
            {
                Excluded = _arguments.List(_excluded, Messages.NoExcluded) ?? [],
                FollowNames = true,
                Detail = HasOwners,
            };
            IFlowOutput[] outputs = [.. Outputs(flows.Interval)];
            return outputs.Length == 0
                ? throw Arguments.Wrong(Messages.NoOutput)
                : new ExportRequest(
                    flows,
                    _arguments.List(_devices, Messages.NoDevice) ?? ["*"],
                    _metrics.QueuePairs(_arguments) is not null,
                    Seconds(_idle, DefaultIdle),
                    Seconds(_active, DefaultActive),
                    outputs,
                    _arguments.IsOn(_verbose));
        }
    }

    internal void WriteHelp(TextWriter output) => _arguments.WriteHelp(Messages.Usage, Messages.Notes, output);

    /// <summary>The outputs. Each kind adds its own.</summary>
    private IEnumerable<IFlowOutput> Outputs(TimeSpan interval) =>
    [
        .. Collectors.Select(collector => new IpfixOutput(collector)),
        .. _metrics.Read(_arguments, interval, Buffer, Security),
        .. _clickHouse.Read(_arguments, HasOwners, Buffer, Security),
    ];

    private IEnumerable<IpfixOptions> Collectors =>
        from address in (_arguments.List(_ipfix, Messages.NoCollector) ?? [])
            .Select(IpfixAddress.Parse).DistinctBy(address => address.ToString())
        select new IpfixOptions(
            address,
            (uint)_arguments.Number(_domain, DefaultDomain, 0, int.MaxValue),
            (uint)_arguments.Number(_enterprise, ExampleEnterprise, 1, int.MaxValue),
            _arguments.Number(_mtu, DefaultMtu, MinMtu, MaxMtu),
            TimeSpan.FromSeconds(_arguments.Number(_refresh, DefaultRefresh, 1, MaxRefresh)),
            HasOwners,
            Buffer,
            Security);

    private bool HasOwners => _arguments.IsOn(_owners);

    private TlsOptions Security => new(_arguments.Text(_authorities), _arguments.Text(_certificate), _arguments.Text(_key));

    /// <summary>Bytes that each output may let wait.</summary>
    private long Buffer => _arguments.Number(_buffer, DefaultBuffer, 1, MaxBuffer) * 1024L * 1024;

    private TimeSpan Seconds(Option<string> option, int otherwise) =>
        TimeSpan.FromSeconds(_arguments.Number(option, otherwise, 1, MaxTimeout));
}
