using XTrace.Rdma;

namespace XTrace.Sessions;

/// <summary>The options of an RDMA session: its counters and its clock.</summary>
internal sealed record RdmaSessionOptions
{
    /// <summary>The devices and counters.</summary>
    internal CounterSelection Selection { get; init; } = new();

    /// <summary>Which queue pairs; null for none.</summary>
    internal QueuePairFilter? QueuePairs { get; init; }

    /// <summary>Time between two samples.</summary>
    internal TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How many samples; null for an endless stream.</summary>
    internal long? Samples { get; init; } = 1;

    /// <summary>Whether the first sample is of now: it has no increments. Otherwise it is of the first interval.</summary>
    internal bool AtOnce { get; init; }
}

/// <summary>One sample. Its counters are read as they are handed out, so use them before the next sample is taken.</summary>
/// <param name="Number">From 1.</param>
/// <param name="Timestamp">When it was taken, local time.</param>
/// <param name="Places">Ports, and devices as a whole.</param>
/// <param name="All">All their counters.</param>
/// <param name="QueuePairs">The queue pairs of these ports, by device, port and number.</param>
internal readonly record struct RdmaSample(
    long Number, DateTime Timestamp, IReadOnlyList<CounterPlace> Places, IReadOnlyList<Counter> All,
    IReadOnlyList<RdmaQueuePair> QueuePairs)
{
    /// <summary>All counters, as objects.</summary>
    internal IEnumerable<RdmaCounter> Counters()
    {
        (long number, DateTime timestamp) = (Number, Timestamp);
        return All.Select(counter => counter.ToCounter(number, timestamp));
    }
}

/// <summary>
/// Samples the counters and queue pairs of RDMA devices: <c>Open</c>, then <c>while (Wait(…)) { Sample() … }</c>. Devices, ports and
/// counters are found again at every sample. Errors, and devices that come or go, are reported and do not end the session.
/// </summary>
/// <param name="options">The counters and queue pairs to sample, and the clock.</param>
/// <param name="report">Receives notices on the caller's thread, from <c>Open</c> and <c>Sample</c>.</param>
internal sealed class RdmaSession(RdmaSessionOptions options, Action<Notice> report) : IDisposable
{
    private readonly SampleClock _clock = new(options.Interval);
    private readonly CounterSampler _sampler = new(options.Selection, report);
    private readonly QueuePairSampler? _queuePairs = options.QueuePairs is { } filter ? new QueuePairSampler(filter, report) : null;
    private long _taken;

    /// <summary>The wanted devices that are there.</summary>
    internal IEnumerable<string> Devices => _sampler.Devices;

    /// <summary>How many counters of theirs are wanted.</summary>
    internal int Counters => _sampler.Counters.Count;

    /// <summary>Time since the session was made.</summary>
    internal TimeSpan Elapsed => _clock.Elapsed;

    /// <summary>
    /// Finds the devices, reports missing ones, and reads all counters once, so that the first sample has increments.
    /// </summary>
    internal void Open()
    {
        _sampler.Find();
        _queuePairs?.Open();
        if (!options.AtOnce)
        {
            _sampler.Read();
            _queuePairs?.Use(_sampler.Places);
            _queuePairs?.Look();
            // The first interval is as long as the others, however long it took to find everything.
            _clock.Restart();
        }
    }

    /// <summary>Waits until the next sample is due.</summary>
    /// <param name="step">How long a pause may be at most.</param>
    /// <param name="tick">Called before each pause; null for nothing.</param>
    /// <returns>False after the last sample, and once somebody has stopped the session.</returns>
    internal bool Wait(TimeSpan step, Action? tick)
    {
        if (_taken >= options.Samples)
        {
            return false;
        }
        if (options.AtOnce && _taken == 0)
        {
            return !_clock.IsStopped;
        }
        bool isDue = false;
        do
        {
            if (!_clock.Wait(step, time => Pause(time, tick, looks: !isDue)))
            {
                return false;
            }
            isDue = true;
        }
        while (IsTooEarly());
        return true;
    }

    /// <summary>Takes a sample.</summary>
    internal RdmaSample Sample()
    {
        _sampler.Find();
        DateTime timestamp = DateTime.Now;
        _sampler.Read();
        _queuePairs?.Use(_sampler.Places);
        if (!IsTooEarly())
        {
            _queuePairs?.Look();
        }
        _taken++;
        return new RdmaSample(_taken, timestamp, _sampler.Places, _sampler.Counters, _queuePairs?.Sample(_taken, timestamp) ?? []);
    }

    /// <summary>Looks at the queue pairs between two samples where that is due, for a caller who waits by a clock of its own.</summary>
    /// <param name="untilSample">Time until the next sample.</param>
    internal void LookIfDue(TimeSpan untilSample)
    {
        if (untilSample > TimeSpan.Zero)
        {
            _queuePairs?.LookIfDue(untilSample);
        }
    }

    /// <summary>Changes the time between two samples; the next is due so long from now.</summary>
    internal void Change(TimeSpan interval) => _clock.Change(interval);

    /// <summary>Ends the wait, from any thread.</summary>
    internal void Stop() => _clock.Stop();

    public void Dispose()
    {
        _sampler.Dispose();
        _queuePairs?.Dispose();
        _clock.Dispose();
    }

    /// <summary>Pauses, and looks at the queue pairs meanwhile. Once a sample is due, that is the next look.</summary>
    private void Pause(TimeSpan time, Action? tick, bool looks)
    {
        tick?.Invoke();
        QueuePairSampler? queuePairs = looks ? _queuePairs : null;
        TimeSpan look = queuePairs?.UntilLook(_clock.Left) ?? time;
        _clock.Pause(look < time ? look : time);
        if (!_clock.IsStopped && _clock.Left is { } left && left > TimeSpan.Zero)
        {
            queuePairs?.LookIfDue(left);
        }
    }

    /// <summary>
    /// Whether a look now would take more of the time than queue pairs may. Then the next sample looks. A caller with a clock of its
    /// own takes the sample, with the queue pairs of the last look.
    /// </summary>
    private bool IsTooEarly()
    {
        if (_queuePairs is null || _queuePairs.UntilAffordable == TimeSpan.Zero)
        {
            return false;
        }
        _queuePairs.TellStretched(_clock.Interval);
        return true;
    }
}
