using XTrace.Messages;
using XTrace.Programs;
using XTrace.Rdma;
using XTrace.Sessions;

namespace XTrace.Cli;

/// <summary>Prints the counters and connections of RDMA ports at each interval, until a signal comes or nobody reads any more.</summary>
internal static class RdmaLoop
{
    /// <summary>Returns when the user ends it.</summary>
    /// <exception cref="XTraceException">Something that was named is not there, or all devices have disappeared.</exception>
    internal static void Run(RdmaRequest request, TextWriter output)
    {
        List<Notice> notices = [];
        RdmaSessionOptions options = new()
        {
            Selection = RdmaSelection.From(request),
            QueuePairs = request.AllCounters ? null : new QueuePairFilter(),
            Interval = request.Interval,
            Samples = request.Once ? 1 : null,
        };
        using RdmaSession session = new(options, notices.Add);
        using Interruption interruption = StandardOutput.EndsWith(session.Stop);
        session.Open();
        // An error in the request is the only output.
        if (notices.Find(notice => notice.Error?.Kind == XTraceErrorKind.NotFound) is { } missing)
        {
            throw missing.Error!;
        }
        Tell(notices, request.Verbose);
        string[] devices = [.. session.Devices];
        if (devices.Length == 0)
        {
            throw request.Devices is { } wanted ? RdmaDevices.NotFound($"{wanted}") : new XTraceException(RdmaMessages.NoDevice, null);
        }
        TextWriter notes = request.Json ? Console.Error : output;
        bool isChosen = request.Devices is not null || request.Interfaces.Count > 0;
        notes.WriteLine(RdmaLabels.Started(request.AllCounters, devices, isChosen));
        notes.Flush();
        while (session.Wait(request.Interval, tick: null))
        {
            RdmaSample sample = session.Sample();
            if (!session.Devices.Any())
            {
                throw RdmaDevices.NotFound(devices[0]);
            }
            Tell(notices, request.Verbose);
            Write(sample, request, session.Elapsed, output);
            output.Flush();
        }
    }

    private static void Tell(List<Notice> notices, bool isVerbose)
    {
        foreach (Notice notice in notices.Where(notice => isVerbose || notice.Level != NoticeLevel.Detail))
        {
            Console.Error.WriteLine($"{CommandLine.Name}: {notice.Text}");
        }
        notices.Clear();
    }

    private static void Write(RdmaSample sample, RdmaRequest request, TimeSpan running, TextWriter output)
    {
        if (request.Json)
        {
            WriteJson(sample, request.Changed, output);
            return;
        }
        ILookup<(string, int?), RdmaQueuePair> connections = sample.QueuePairs
            .Where(pair => ConnectionLine.HasPeer(pair) && (!request.Changed || ConnectionLine.HasMoved(pair)))
            .ToLookup(pair => (pair.Device, pair.Port));
        foreach (CounterPlace place in sample.Places)
        {
            IEnumerable<RdmaQueuePair> own = connections[(place.Device, place.Port)];
            if (request.Changed && !own.Any() && !place.Files.Any(file => file.Delta > 0))
            {
                continue;
            }
            if (!request.AllCounters)
            {
                RdmaBlock.Write(place, running, own, output);
            }
            else if (place.Port is not null || place.Files.Any())
            {
                NcclBlock.Write(place, running, request.Changed, output);
            }
        }
    }

    private static void WriteJson(RdmaSample sample, bool onlyChanged, TextWriter output)
    {
        foreach (RdmaCounter counter in sample.Counters().Where(counter => !onlyChanged || counter.Delta > 0))
        {
            output.WriteLine(JsonLine.Serialize(counter));
        }
        foreach (RdmaQueuePair pair in sample.QueuePairs.Where(pair => !onlyChanged || ConnectionLine.HasMoved(pair)))
        {
            output.WriteLine(JsonLine.Serialize(pair));
        }
    }
}
