using XTrace.Flows;
using XTrace.Sessions;

namespace XTrace.Live;

/// <summary>
/// The sessions behind the live view: one for flows, which is replaced when other interfaces are chosen, and one for RDMA, which begins
/// when somebody looks at it. Any thread may stop them.
/// </summary>
internal sealed class LiveSessions(LiveOptions options, Action<Notice> report) : IDisposable
{
    /// <summary>How long a key may wait.</summary>
    private static readonly TimeSpan s_step = TimeSpan.FromMilliseconds(50);

    private readonly Lock _lock = new();
    private FlowSession? _flows;
    private RdmaSession? _rdma;
    private bool _isStopped;

    /// <summary>Time between two samples.</summary>
    internal TimeSpan Interval { get; private set; } = options.Interval;

    /// <summary>The interfaces that are watched, by name or wildcard.</summary>
    internal IReadOnlyList<string> Interfaces { get; private set; } = options.Flows?.Interfaces ?? [];

    /// <summary>The interfaces, and the filter of the command where it has one.</summary>
    internal string Title => $"{string.Join(", ", Interfaces)}  {options.Flows?.Filter}".TrimEnd();

    internal bool HasFlows => options.Flows is not null;

    internal bool HasRdma => _rdma is not null;

    /// <summary>Whether nothing is watched, and nothing will be.</summary>
    internal bool IsOver => _flows?.IsOver ?? HasFlows;

    internal bool IsStopped => _isStopped;

    internal IEnumerable<WatchedPoint> Points => _flows?.Points ?? [];

    /// <summary>Watches other interfaces than before.</summary>
    /// <exception cref="XTraceException">Nothing can be watched.</exception>
    internal void OpenFlows(IReadOnlyList<string> interfaces)
    {
        _flows?.Dispose();
        Interfaces = interfaces;
        FlowSession flows = new(options.Flows! with { Interfaces = interfaces, Interval = Interval }, report);
        lock (_lock)
        {
            _flows = flows;
            if (_isStopped)
            {
                flows.Stop();
            }
        }
        flows.Open();
    }

    /// <summary>Begins to watch RDMA, unless that has begun.</summary>
    internal void OpenRdma()
    {
        if (_rdma is not null)
        {
            return;
        }
        RdmaSession rdma = new(
            new RdmaSessionOptions { Selection = options.Rdma, QueuePairs = new(), Interval = Interval, Samples = null }, report);
        try
        {
            rdma.Open();
        }
        catch
        {
            rdma.Dispose();
            throw;
        }
        lock (_lock)
        {
            _rdma = rdma;
            if (_isStopped)
            {
                rdma.Stop();
            }
        }
    }

    /// <summary>Samples more often, or less.</summary>
    internal void Change(TimeSpan interval)
    {
        Interval = interval;
        _flows?.Change(interval);
        _rdma?.Change(interval);
    }

    /// <summary>Waits until the next sample is due, and calls back often meanwhile.</summary>
    /// <returns>False once somebody wants to end the wait.</returns>
    internal bool Wait(Action tick) => _flows is { } flows
        ? flows.Wait(s_step, () =>
        {
            _rdma?.LookIfDue(flows.Left);
            tick();
        })
        : _rdma!.Wait(s_step, tick);

    /// <summary>Ends the wait, because other interfaces are wanted.</summary>
    internal void EndWait() => _flows?.Stop();

    internal FlowSample? SampleFlows() => _flows?.Sample();

    /// <summary>None yet where RDMA has been watched for so short a time that rates would say nothing.</summary>
    internal RdmaSample? SampleRdma() => _rdma is { } rdma && rdma.Elapsed >= Interval / 2 ? rdma.Sample() : null;

    /// <summary>Ends the wait for good.</summary>
    internal void Stop()
    {
        lock (_lock)
        {
            _isStopped = true;
            _flows?.Stop();
            _rdma?.Stop();
        }
    }

    /// <summary>Takes programs off where the process ends without disposing this.</summary>
    internal void Abandon() => _flows?.Abandon();

    public void Dispose()
    {
        _flows?.Dispose();
        _rdma?.Dispose();
    }
}
