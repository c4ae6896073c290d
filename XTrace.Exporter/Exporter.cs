using System.Net.Sockets;
using XTrace.Flows;
using XTrace.Programs;
using XTrace.Rdma;
using XTrace.Sessions;

namespace XTrace.Exporter;

/// <summary>The command line of the exporter.</summary>
/// <param name="Flows">What is watched.</param>
/// <param name="Devices">RDMA devices whose counters are read, where an output needs them.</param>
/// <param name="QueuePairs">Whether their queue pairs are read as well.</param>
/// <param name="Idle">A flow that was silent for this long is over.</param>
/// <param name="Active">A flow that goes on has a record this often.</param>
/// <param name="Outputs">Where all goes.</param>
/// <param name="Verbose">Say also what only the curious want to know.</param>
internal sealed record ExportRequest(
    FlowSessionOptions Flows, IReadOnlyList<string> Devices, bool QueuePairs, TimeSpan Idle, TimeSpan Active,
    IReadOnlyList<IFlowOutput> Outputs, bool Verbose);

/// <summary>Samples, and hands each sample to the outputs, until a signal comes.</summary>
internal sealed class Exporter
{
    /// <summary>The time that outputs have to send the remaining data.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(5);

    /// <summary>How often somebody looks whether queue pairs are due.</summary>
    private static readonly TimeSpan s_step = TimeSpan.FromMilliseconds(50);

    private readonly ExportRequest _request;
    private readonly FlowRecorder _recorder;
    private ExportTotals _gone;
    private bool _hasFailed;

    private Exporter(ExportRequest request)
    {
        _request = request;
        _recorder = new FlowRecorder(request.Idle, request.Active, HandOn);
    }

    /// <summary>Returns when a signal ends it.</summary>
    /// <returns>False where something that was asked for could not be watched.</returns>
    /// <exception cref="XTraceException">Nothing can be watched, or an output cannot begin.</exception>
    internal static bool Run(ExportRequest request)
    {
        // If the runtime cannot start what waits for sockets, it never tries again. Better now than on a thread of an output.
        using (new Socket(SocketType.Dgram, ProtocolType.Udp))
        {
        }
        Exporter exporter = new(request);
        using FlowSession flows = new(request.Flows, exporter.Tell);
        using RdmaSession? rdma = exporter.OpenRdma();
        using Interruption interruption = new(s_patience + s_patience, flows.Stop, flows.Abandon);
        try
        {
            foreach (IFlowOutput output in request.Outputs)
            {
                output.Start();
            }
            flows.Open();
            if (exporter._hasFailed && !flows.WatchesAnything)
            {
                return false;
            }
            try
            {
                exporter.ExportAll(flows, rdma);
            }
            finally
            {
                // Records that wait are sent even if no more samples can be taken.
                exporter.Finish();
            }
        }
        finally
        {
            foreach (IFlowOutput output in request.Outputs)
            {
                output.Dispose();
            }
        }
        return !exporter._hasFailed;
    }

    private RdmaSession? OpenRdma()
    {
        if (!_request.Outputs.Any(output => output.NeedsRdma))
        {
            return null;
        }
        CounterSelection selection = new() { Targets = [.. _request.Devices.Select(name => new RdmaTarget(name))] };
        QueuePairFilter? queuePairs = _request.QueuePairs ? new QueuePairFilter() : null;
        RdmaSession session = new(new RdmaSessionOptions { Selection = selection, QueuePairs = queuePairs, Samples = null }, Tell);
        session.Open();
        return session;
    }

    private void ExportAll(FlowSession flows, RdmaSession? rdma)
    {
        while (flows.Wait(rdma is null ? TimeSpan.MaxValue : s_step, () => rdma?.LookIfDue(flows.Left)))
        {
            Export(flows.Sample(), rdma, isLast: false);
        }
        Export(flows.Sample(), rdma, isLast: true);
    }

    private void Export(FlowSample sample, RdmaSession? rdma, bool isLast)
    {
        ExportTotals totals = _gone;
        foreach (WatchedPoint point in sample.Points)
        {
            totals += ExportTotals.From(point);
            _gone += point.IsOver ? ExportTotals.From(point) : default;
        }
        _recorder.Process(sample, isLast);
        ExportSample export = new()
        {
            Flows = sample,
            Records = _recorder.Made,
            Totals = totals,
            Rdma = rdma?.Sample(),
            Outputs = _request.Outputs,
            IsLast = isLast,
        };
        foreach (IFlowOutput output in _request.Outputs)
        {
            output.Take(export);
        }
    }

    private void HandOn(ReadOnlySpan<FlowRecord> records, ClockCalibration clock)
    {
        foreach (IFlowOutput output in _request.Outputs)
        {
            output.Add(records, clock);
        }
    }

    /// <summary>All outputs together have one patience.</summary>
    private void Finish()
    {
        Thread[] endings = [.. _request.Outputs.Select(output => new Thread(() => output.Finish(s_patience)))];
        Array.ForEach(endings, ending => ending.Start());
        Array.ForEach(endings, ending => ending.Join());
        foreach (IFlowOutput output in _request.Outputs)
        {
            if (output.Health is { } health)
            {
                Log.Write(Messages.Handed(output.Name, health));
            }
        }
    }

    /// <summary>An error of one interface does not stop the others.</summary>
    private void Tell(Notice notice)
    {
        _hasFailed |= notice.Level == NoticeLevel.Error;
        if (notice.Level != NoticeLevel.Detail || _request.Verbose)
        {
            Log.Write(OptionMessages.Describe(notice));
        }
    }
}
