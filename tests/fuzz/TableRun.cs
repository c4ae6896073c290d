using XTrace.Bench;
using XTrace.Flows;
using XTrace.Monitors;

namespace XTrace.Fuzz;

/// <summary>One table of a random size with a random filter, and the frames that go through it. The same seed makes the same run.</summary>
internal sealed class TableRun : IDisposable
{
    private const int BatchFrames = 4000; // no more ends than the ring buffer holds
    private const int SmallTable = 64;

    private static readonly int[] s_sizes = [8, 64, 256, 1024, 4096, 65_536];

    private readonly Generator _generator;
    private readonly RandomFilter? _filter;
    private readonly MonitorOptions _options;
    private readonly FuzzTable _table;
    private readonly Expectation _expectation;
    private readonly Trial _trial;
    private readonly int _firstCpu;
    private readonly List<Shot> _batch = [];

    internal TableRun(ulong seed, Decode decode)
    {
        Random random = new((int)(seed * 0x9e3779b97f4a7c15 >> 33));
        bool readsEnds = random.Next(4) != 0;
        _generator = new Generator(random);
        _filter = random.Next(2) == 0 ? new RandomFilter(_generator.Pool) : null;
        _trial = new Trial(decode, _filter);
        _firstCpu = random.Next(Environment.ProcessorCount);
        _options = new MonitorOptions
        {
            MaxFlow = s_sizes[random.Next(s_sizes.Length)],
            Filter = _filter?.ToFlowFilter() ?? new FlowFilter(),
            Detail = random.Next(3) == 0,
        };
        _expectation = new Expectation(readsEnds);
        _table = new FuzzTable(_options, readsEnds);
    }

    /// <summary>Runs so many frames, batch by batch, each on another CPU than the one before.</summary>
    /// <exception cref="Disagreement">What was counted is not what the decoder expects.</exception>
    internal void Run(int frames, Tally tally)
    {
        _table.Take();
        for (int done = 0, batches = 0; done < frames; done += _batch.Count, batches++)
        {
            using (new PinnedThread((_firstCpu + batches) % Environment.ProcessorCount))
            {
                RunBatch(Math.Min(BatchFrames, frames - done));
            }
            CheckBatch();
            tally.Add(_batch.Count, _batch.Count(shot => shot.IsSuper));
        }
        _expectation.CheckFlows(_table);
        tally.AddTable(_table.TotalsOf(FlowDirection.Ingress), _table.TotalsOf(FlowDirection.Egress), _options.Detail);
    }

    public void Dispose() => _table.Dispose();

    private void RunBatch(int count)
    {
        _batch.Clear();
        for (int i = 0; i < count; i++)
        {
            Shot shot = _generator.Next();
            _batch.Add(shot);
            _trial.Run(_table, _expectation, in shot);
        }
    }

    private void CheckBatch()
    {
        _table.Take();
        try
        {
            _expectation.Check(_table);
        }
        catch (Disagreement ofAll)
        {
            FindFrame();
            throw new Disagreement($"{ofAll.Message}\nEach frame of the batch alone is counted as expected.");
        }
    }

    /// <summary>Runs each frame of the batch alone, until one disagrees.</summary>
    private void FindFrame()
    {
        MonitorOptions options = new() { MaxFlow = SmallTable, Filter = _options.Filter, Detail = _options.Detail };
        using FuzzTable table = new(options, readsEnds: false);
        foreach (Shot shot in _batch)
        {
            Expectation alone = new(areEndsRead: false);
            table.Restart();
            table.Take();
            _trial.Run(table, alone, in shot);
            table.Take();
            try
            {
                alone.Check(table);
            }
            catch (Disagreement)
            {
                throw new Disagreement(in shot, _trial.Describe(in shot), Describe(table, shot.Direction));
            }
        }
    }

    private static string Describe(FuzzTable table, FlowDirection direction)
    {
        FlowTotals totals = table.TotalsOf(direction);
        return table.Meter.Rows is [var row, ..]
            ? $"{Disagreement.Describe(row.Key)}: {Disagreement.Describe(new FrameCount(row.Packets, row.Bytes))}"
            : totals.FilteredPackets > 0 ? "filtered"
            : totals.MalformedPackets > 0 ? "malformed"
            : "nothing";
    }
}
