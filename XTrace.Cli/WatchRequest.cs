using XTrace.Flows;

namespace XTrace.Cli;

/// <summary>What the command line asks to watch.</summary>
/// <param name="Interfaces">Names, each once.</param>
/// <param name="Interval">Time between two samples.</param>
/// <param name="Filter">The flows that are wanted.</param>
internal sealed record WatchRequest(IReadOnlyList<string> Interfaces, TimeSpan Interval, FlowFilter Filter);
