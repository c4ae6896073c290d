namespace XTrace;

/// <summary>Why a flow is over, with the numbers of the IPFIX element flowEndReason (136).</summary>
public enum FlowEndReason
{
    /// <summary>It is not, as far as is known.</summary>
    None = 0,
    /// <summary>Nothing was seen of it for the idle timeout.</summary>
    IdleTimeout = 1,
    /// <summary>It goes on, and its gain during the active timeout is reported.</summary>
    ActiveTimeout = 2,
    /// <summary>Its interface is gone, or its monitor was stopped.</summary>
    ForcedEnd = 4,
    /// <summary>It made room in the table for a newer flow.</summary>
    LackOfResources = 5,
}
