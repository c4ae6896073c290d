using XTrace.Programs;
using XTrace.Rdma;
using XTrace.Sessions;

namespace XTrace.Cli;

/// <summary>Prints the counters of RDMA ports at each interval, until a signal comes or nobody reads any more.</summary>
internal static class RdmaLoop
{
    /// <summary>Returns when the user ends it.</summary>
    /// <exception cref="XTraceException">Something that was named is not there, or all devices have disappeared.</exception>
    internal static void Run(RdmaRequest request, TextWriter output)
    {
        List<Notice> notices = [];
        RdmaSessionOptions options = new()
        {
            Selection = RdmaSelection.Of(request),
            Interval = request.Interval,
            Samples = request.Once ? 1 : null,
        };
        using RdmaSession session = new(options, notices.Add);
        using Interruption interruption = StandardOutput.EndsWith(session.Stop);
        session.Open();
        // What is wrong with the request is said alone.
        if (notices.Find(notice => notice.Error?.Kind == XTraceErrorKind.NotFound) is { } missing)
        {
            throw missing.Error!;
        }
        Tell(notices);
        string[] devices = [.. session.Devices];
        if (devices.Length == 0)
        {
            throw RdmaDevices.NotFound(request.Devices[0]);
        }
        TextWriter notes = request.Json ? Console.Error : output;
        notes.WriteLine(RdmaLabels.Started(request.AllCounters, devices));
        notes.Flush();
        while (session.Wait(request.Interval, tick: null))
        {
            RdmaSample sample = session.Sample();
            if (!session.Devices.Any())
            {
                throw RdmaDevices.NotFound(devices[0]);
            }
            Tell(notices);
            Write(sample, request, session.Elapsed, output);
            output.Flush();
        }
    }

    private static void Tell(List<Notice> notices)
    {
        foreach (Notice notice in notices.Where(notice => notice.Level != NoticeLevel.Detail))
        {
            Console.Error.WriteLine($"{CommandLine.Name}: {notice.Text}");
        }
        notices.Clear();
    }

    private static void Write(RdmaSample sample, RdmaRequest request, TimeSpan running, TextWriter output)
    {
        if (request.Json)
        {
            foreach (RdmaCounter counter in sample.Counters())
            {
                output.WriteLine(JsonLine.Of(counter));
            }
            return;
        }
        foreach (CounterPlace place in sample.Places)
        {
            if (!request.AllCounters)
            {
                RdmaBlock.Write(place, running, output);
            }
            else if (place.Port is not null || place.Files.Any())
            {
                NcclBlock.Write(place, running, output);
            }
        }
    }
}
