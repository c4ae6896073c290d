using XTrace.Rdma;

namespace XTrace.Sessions;

/// <summary>What an RDMA session samples, and when.</summary>
internal sealed record RdmaSessionOptions
{
    /// <summary>Whose counters, and which.</summary>
    internal CounterSelection Selection { get; init; } = new();

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
internal readonly record struct RdmaSample(long Number, DateTime Timestamp, IReadOnlyList<CounterPlace> Places, IReadOnlyList<Counter> All)
{
    /// <summary>All counters, as objects.</summary>
    internal IEnumerable<RdmaCounter> Counters()
    {
        (long number, DateTime timestamp) = (Number, Timestamp);
        return All.Select(counter => counter.ToCounter(number, timestamp));
    }
}

/// <summary>
/// Samples the counters of RDMA devices: <c>Open</c>, then <c>while (Wait(…)) { Sample() … }</c>. Devices, ports and counters
/// are found again at every sample. What fails, comes or goes is told, and ends nothing.
/// </summary>
/// <param name="options">What to sample, and when.</param>
/// <param name="report">Told of it on the caller's thread, from <c>Open</c> and <c>Sample</c>.</param>
internal sealed class RdmaSession(RdmaSessionOptions options, Action<Notice> report) : IDisposable
{
    private readonly SampleClock _clock = new(options.Interval);
    private readonly CounterSampler _sampler = new(options.Selection, report);
    private long _taken;

    /// <summary>The wanted devices that are there.</summary>
    internal IEnumerable<string> Devices => _sampler.Devices;

    /// <summary>How many counters of theirs are wanted.</summary>
    internal int Counters => _sampler.Counters.Count;

    /// <summary>Time since the session was made.</summary>
    internal TimeSpan Elapsed => _clock.Elapsed;

    /// <summary>
    /// Finds what is wanted, tells what is not there, and reads all counters once, so that the first sample has increments.
    /// </summary>
    internal void Open()
    {
        _sampler.Find();
        if (!options.AtOnce)
        {
            _sampler.Read();
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
        return _clock.Wait(step, tick is null ? null : time =>
        {
            tick();
            _clock.Pause(time);
        });
    }

    /// <summary>Takes a sample.</summary>
    internal RdmaSample Sample()
    {
        _sampler.Find();
        DateTime timestamp = DateTime.Now;
        _sampler.Read();
        return new RdmaSample(++_taken, timestamp, _sampler.Places, _sampler.Counters);
    }

    /// <summary>Ends the wait, from any thread.</summary>
    internal void Stop() => _clock.Stop();

    public void Dispose()
    {
        _sampler.Dispose();
        _clock.Dispose();
    }
}
