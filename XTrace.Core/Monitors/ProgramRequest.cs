using XTrace.Flows;

namespace XTrace.Monitors;

/// <summary>What is to be loaded for a monitor.</summary>
internal sealed record ProgramRequest
{
    /// <summary>Sets of eight slots that each CPU has: a power of two.</summary>
    internal required int SetsPerCpu { get; init; }

    internal bool NeedsXdp { get; init; } = true;

    internal bool NeedsTc { get; init; } = true;

    /// <summary>
    /// Whether the XDP program takes frames of several buffers, as native XDP may have them. On generic XDP such a program
    /// makes the kernel copy buffers so that TC programs no longer find their Ethernet header.
    /// </summary>
    internal bool TakesFrags { get; init; } = true;

    /// <summary>What the interface's frames begin with: FlowAbi.Link*.</summary>
    internal uint Link { get; init; }

    /// <summary>The flows to keep.</summary>
    internal KernelFilter Filter { get; init; }

    /// <summary>The process that the monitor ends with; null if it is to outlive every process.</summary>
    internal ProcessIdentity? Owner { get; init; }
}
