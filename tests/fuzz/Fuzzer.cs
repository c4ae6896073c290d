namespace XTrace.Fuzz;

/// <summary>Runs frames through tables until there are enough: as many tables at a time as there are CPUs.</summary>
/// <param name="seed">Of the first table; each next one has the next number.</param>
/// <param name="frames">How many in all.</param>
/// <param name="decode">What says what each frame is.</param>
internal sealed class Fuzzer(ulong seed, long frames, Decode decode)
{
    private const int Tables = 10; // at least, if there are enough frames
    private const int FramesMin = 4000; // of a table
    private const int FramesMax = 200_000;

    private readonly Lock _lock = new();
    private (ulong Seed, Exception Error)? _failure;
    private readonly long _tableFrames = Math.Clamp(frames / Tables, FramesMin, FramesMax);
    private long _left = frames;
    private ulong _next = seed;

    internal Tally Tally { get; } = new();

    /// <summary>Runs all.</summary>
    /// <param name="report">Is called now and then.</param>
    /// <exception cref="Disagreement">What was counted is not what the decoder expects. It names the seed of that table.</exception>
    internal void Run(Action<Tally> report)
    {
        Thread[] workers = [.. Enumerable.Range(0, Environment.ProcessorCount).Select(_ => new Thread(Work))];
        foreach (Thread worker in workers)
        {
            worker.Start();
        }
        foreach (Thread worker in workers)
        {
            while (!worker.Join(TimeSpan.FromSeconds(10)))
            {
                report(Tally);
            }
        }
        if (_failure is { } failure)
        {
            throw failure.Error is Disagreement disagreement ? disagreement.With(failure.Seed)
                : new InvalidOperationException($"Seed {failure.Seed}: {failure.Error.Message}", failure.Error);
        }
    }

    private void Work()
    {
        while (TryBegin(out ulong table, out int count))
        {
            try
            {
                using TableRun run = new(table, decode);
                run.Run(count, Tally);
            }
            catch (Exception error)
            {
                lock (_lock)
                {
                    _failure = _failure is { } earlier && earlier.Seed < table ? earlier : (table, error);
                }
            }
        }
    }

    private bool TryBegin(out ulong table, out int count)
    {
        lock (_lock)
        {
            table = _next++;
            count = (int)Math.Min(_tableFrames, _left);
            _left -= count;
            return count > 0 && _failure is null;
        }
    }
}
