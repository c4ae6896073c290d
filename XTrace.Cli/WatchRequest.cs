namespace XTrace.Cli;

/// <summary>The command line of mode xdp.</summary>
/// <param name="Session">What, and how.</param>
/// <param name="Once">One sample only.</param>
/// <param name="All">Every flow that the monitor has, not only those that were active since the last sample.</param>
/// <param name="Json">Flows as JSON, and nothing else beside them.</param>
/// <param name="Verbose">Say also what only the curious want to know.</param>
internal sealed record WatchRequest(FlowSessionOptions Session, bool Once, bool All, bool Json, bool Verbose);
