using XTrace.Flows;
using XTrace.Monitors;

namespace XTrace.Cli;

/// <summary>What the command line asks to watch.</summary>
/// <param name="Interfaces">Names, each once.</param>
/// <param name="Interval">Time between two samples.</param>
/// <param name="Filter">The flows that are wanted.</param>
/// <param name="Directions">What is wanted; null: whatever is watched already, else what arrives.</param>
/// <param name="AttachMode">Which hook to use.</param>
/// <param name="Once">One sample only.</param>
/// <param name="Json">Flows as JSON, and nothing else beside them.</param>
internal sealed record WatchRequest(
    IReadOnlyList<string> Interfaces, TimeSpan Interval, FlowFilter Filter, FlowDirection? Directions, AttachMode AttachMode, bool Once, bool Json)
{
    internal MonitorOptions Options => new() { Mode = AttachMode, Direction = Directions ?? FlowDirection.Ingress };
}
