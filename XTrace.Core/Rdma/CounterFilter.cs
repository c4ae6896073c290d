namespace XTrace.Rdma;

/// <summary>Which counters are wanted; what it leaves out is never opened.</summary>
internal sealed class CounterFilter
{
    /// <summary>Whether a name is wanted.</summary>
    internal Predicate<string> Name { get; init; } = _ => true;

    /// <summary>Only of these categories; without one, of all.</summary>
    internal IReadOnlyCollection<RdmaCounterCategory> Categories { get; init; } = [];

    internal bool Wants(string name, CounterInfo info) => (Categories.Count == 0 || Categories.Contains(info.Category)) && Name(name);
}
