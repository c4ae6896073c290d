using XTrace.Messages;

namespace XTrace.Rdma;

/// <summary>Counters of a place that the kernel hands out together, in one answer.</summary>
/// <param name="place">Whose counters they are.</param>
internal abstract class CounterGroup(CounterPlace place)
{
    /// <summary>Those that are wanted.</summary>
    internal GroupCounter[] Counters { get; private set; } = [];

    /// <summary>Looks for counters that are new or gone.</summary>
    /// <returns>Whether there are any.</returns>
    internal abstract bool Find(CounterFinding finding);

    /// <summary>Reads all; one that cannot be read says so itself.</summary>
    internal abstract void Read();

    /// <summary>Reports that it has gone with its counters.</summary>
    internal void End(CounterFinding finding) => Update([], finding);

    /// <summary>Takes the present counters. Known ones stay as they are.</summary>
    /// <returns>Whether a counter is new or gone.</returns>
    private protected bool Update(GroupCounter[] now, CounterFinding finding)
    {
        GroupCounter[] gone = [.. Counters.Except(now)];
        GroupCounter[] added = [.. now.Except(Counters)];
        Counters = now;
        finding.Tell(RdmaMessages.CountersGone, place, gone);
        finding.Tell(RdmaMessages.CountersAppeared, place, added);
        return gone.Length + added.Length > 0;
    }
}

/// <summary>A counter whose value comes with those of others.</summary>
internal sealed class GroupCounter(CounterPlace place, RdmaCounterSource source, string name, CounterInfo info)
    : Counter(place, source, name, info)
{
    internal new void Take(ulong raw, long ticks) => base.Take(raw, ticks);

    internal new void Fail(int errno) => base.Fail(errno);
}
