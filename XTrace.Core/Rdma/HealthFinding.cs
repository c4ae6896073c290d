namespace XTrace.Rdma;

/// <summary>A rule that found something.</summary>
/// <param name="Rule">The rule.</param>
/// <param name="Status">How bad it is.</param>
/// <param name="Evidence">The numbers.</param>
internal sealed record HealthFinding(HealthRule Rule, RdmaHealthStatus Status, string Evidence);
