using XTrace.Net;
using XTrace.Processes;

namespace XTrace;

/// <summary>
/// Whose flows are wanted, in the words of Get-FlowStat's parameters. An empty list asks for everybody's; several lists must all agree.
/// </summary>
public sealed class OwnerFilter
{
    private readonly NamePattern[] _names = [];
    private readonly NamePattern[] _containers = [];

    /// <summary>Names of processes, and wildcards.</summary>
    public IReadOnlyCollection<string> ProcessName
    {
        get => [.. _names.Select(name => $"{name}")];
        init => _names = [.. value.Select(name => new NamePattern(name))];
    }

    /// <summary>Process ids.</summary>
    public IReadOnlyCollection<int> ProcessId { get; init; } = [];

    /// <summary>Ids of containers or what they begin with, systemd units, and wildcards.</summary>
    public IReadOnlyCollection<string> Container
    {
        get => [.. _containers.Select(name => $"{name}")];
        init => _containers = [.. value.Select(name => new NamePattern(name))];
    }

    /// <summary>Whether it asks for everybody's.</summary>
    public bool IsEmpty => _names.Length == 0 && ProcessId.Count == 0 && _containers.Length == 0;

    internal bool Matches(in FlowOwner owner, FlowOwners owners) =>
        IsEmpty || (owner.IsKnown
            && (ProcessId.Count == 0 || ProcessId.Contains((int)owner.Row.Owner.Pid))
            && (_names.Length == 0 || MatchesName(owner.Row.Owner.Name))
            && (_containers.Length == 0 || MatchesContainer(owners.ContainerOf(in owner))));

    private bool MatchesName(string name) => Array.Exists(_names, pattern => pattern.IsMatch(name));

    private bool MatchesContainer(Container container) => Array.Exists(_containers, pattern =>
        (container.Id is { } id
            && (pattern.Name is { } start ? id.StartsWith(start, StringComparison.OrdinalIgnoreCase) : pattern.IsMatch(id)))
        || (container.Unit is { } unit && pattern.IsMatch(unit)));
}
