using System.Globalization;
using XTrace.Flows;
using XTrace.Programs;

namespace XTrace.Cli;

/// <summary>Prints the flows of a session at each interval, until a signal comes or nobody reads any more.</summary>
internal sealed class FlowWatch(WatchRequest request, TextWriter output)
{
    private readonly TextWriter _notes = request.Json ? Console.Error : output;
    private readonly HashSet<string> _announced = [];
    private bool _hasFailed;

    /// <summary>Returns when the user ends it.</summary>
    /// <returns>False where something that was asked for could not be watched.</returns>
    /// <exception cref="XTraceException">Nothing can be watched.</exception>
    internal static bool Run(WatchRequest request, TextWriter output)
    {
        FlowWatch watch = new(request, output);
        using FlowSession session = new(request.Session, watch.Tell);
        using Interruption interruption = StandardOutput.EndsWith(session.Stop, session.Abandon);
        session.Open();
        watch.PrintAll(session);
        return !watch._hasFailed;
    }

    private void PrintAll(FlowSession session)
    {
        while (!session.IsOver && session.Wait(TimeSpan.MaxValue))
        {
            Print(session.Sample());
            if (request.Once)
            {
                return;
            }
        }
    }

    private void Print(FlowSample sample)
    {
        if (!request.Json)
        {
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"# {sample.Timestamp:yyyy-MM-dd HH:mm:ss.fff} sample={sample.Number}"));
        }
        bool bothDirections = sample.Points.DistinctBy(point => point.Direction).Count() > 1;
        foreach (WatchedPoint point in sample.Points)
        {
            if (sample.Points.Count > 1 && !request.Json)
            {
                string direction = bothDirections ? $" {point.Direction.ToString().ToLowerInvariant()}" : "";
                output.WriteLine($"# {point.InterfaceName}{direction}");
            }
            foreach (FlowStat flow in request.All ? sample.Flows(point, null) : sample.ActiveFlows(point))
            {
                output.WriteLine(request.Json ? JsonLine.Serialize(flow) : flow.ToString());
            }
        }
        output.Flush();
        sample.ReportGaps();
    }

    /// <summary>An error of one interface does not stop the others.</summary>
    private void Tell(Notice notice)
    {
        switch (notice.Id)
        {
            case "Watching":
                Announce($"{notice.Target}");
                _notes.WriteLine(Messages.Loaded(
                    $"{notice.Target}", (MonitorHook)notice.Arguments[3]!, (FlowDirection)notice.Arguments[2]!));
                break;
            case "ReadingMonitor":
                Announce($"{notice.Target}");
                _notes.WriteLine(notice.Text);
                break;
            default:
                _hasFailed |= notice.Level == NoticeLevel.Error;
                if (notice.Level != NoticeLevel.Detail || request.Verbose)
                {
                    Console.Error.WriteLine($"{CommandLine.Name}: {OptionMessages.Describe(notice)}");
                }
                break;
        }
        _notes.Flush();
    }

    /// <summary>The original's words, once an interface.</summary>
    private void Announce(string name)
    {
        if (_announced.Add(name))
        {
            _notes.WriteLine(Messages.Preparing(name));
        }
    }
}
