using System.Diagnostics;
using XTrace.Flows;
using XTrace.Sessions;

namespace XTrace.Exporter.Ipfix;

/// <summary>A collector, and how messages for it are made.</summary>
/// <param name="Collector">Where it is, and over what.</param>
/// <param name="Domain">The observation domain.</param>
/// <param name="Enterprise">The enterprise's number of what IANA has no element for.</param>
/// <param name="Mtu">Bytes of an IP packet at most, over UDP.</param>
/// <param name="Refresh">How often templates are repeated over UDP, and totals sent.</param>
/// <param name="Owners">Whether processes and containers are sent.</param>
/// <param name="Buffer">Bytes that may wait.</param>
/// <param name="Security">Whom it trusts, over TLS.</param>
internal sealed record IpfixOptions(
    IpfixAddress Collector, uint Domain, uint Enterprise, int Mtu, TimeSpan Refresh, bool Owners, long Buffer, TlsOptions Security);

/// <summary>Flow records as IPFIX (RFC 7011), for one collector over UDP, TCP or TLS.</summary>
internal sealed class IpfixOutput : IFlowOutput
{
    private const int LongestOverTcp = 16 * 1024;
    private const int HeadersOfUdp = 40 + 8; // IPv6 and UDP

    private readonly IpfixOptions _options;
    private readonly Courier _courier;
    private readonly IpfixMessages _messages;
    private readonly DateTime _started = DateTime.UtcNow;
    private long _totalsSent;

    internal IpfixOutput(IpfixOptions options)
    {
        _options = options;
        bool isUdp = options.Collector.Scheme == IpfixAddress.Udp;
        IDelivery delivery = isUdp ? new IpfixOverUdp(options) : new IpfixOverTcp(options);
        _courier = new Courier(Name, options.Buffer, delivery);
        _messages = new IpfixMessages(isUdp ? options.Mtu - HeadersOfUdp : LongestOverTcp, parcel => _courier.Add(parcel));
    }

    public string Name => $"ipfix {_options.Collector}";

    public OutputHealth? Health => _courier.Health;

    public bool NeedsRdma => false;

    public void Start()
    {
        if (_options.Collector.Scheme == IpfixAddress.Tls)
        {
            _options.Security.Load();
        }
        _courier.Start();
    }

    /// <summary>One template after the other: the records of a template share the head of their set.</summary>
    public void Add(ReadOnlySpan<FlowRecord> records, ClockCalibration clock)
    {
        foreach (IpfixTemplate template in IpfixTemplate.Flows(_options.Owners))
        {
            foreach (ref readonly FlowRecord record in records)
            {
                if (IpfixRecord.TemplateOf(in record) == template)
                {
                    IpfixOwner owner = IpfixOwner.From(in record);
                    Span<byte> room = _messages.Add(template, new RecordCount(1, record.Gain), owner.Length);
                    IpfixRecord.Write(in record, owner, clock, room);
                }
            }
        }
    }

    public void Take(ExportSample sample)
    {
        bool someEnded = sample.Flows.Points.Any(point => point.IsOver);
        if (sample.IsLast || someEnded || _totalsSent == 0 || Stopwatch.GetElapsedTime(_totalsSent) >= _options.Refresh)
        {
            _totalsSent = Stopwatch.GetTimestamp();
            AddTotals(sample);
        }
        _messages.Flush();
    }

    public void Finish(TimeSpan patience) => _courier.Finish(patience);

    public void Dispose() => _courier.Dispose();

    private void AddTotals(ExportSample sample)
    {
        foreach (WatchedPoint point in sample.Flows.Points)
        {
            IpfixWriter writer = new(_messages.Add(IpfixTemplate.Interface, default));
            IpfixRecord.WriteInterface(ref writer, point);
            writer.Write(point.InterfaceName, IpfixTemplate.InterfaceNameLength);
            writer.Write8(IpfixRecord.DirectionOf(point));
            writer.Write(point.Seen);
            writer.Write(point.Ignored);
        }
        OutputHealth health = _courier.Health;
        IpfixWriter process = new(_messages.Add(IpfixTemplate.Process, default));
        process.Write32((uint)Environment.ProcessId);
        process.Write64((ulong)((_started - DateTime.UnixEpoch).Ticks / TimeSpan.TicksPerMillisecond));
        process.Write64(health.Sent.Flows);
        process.Write64(health.GivenUp.Flows);
        process.Write(health.GivenUp.Frames + sample.Totals.Missed);
    }
}
