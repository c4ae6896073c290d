namespace XTrace;

/// <summary>The way frames go through an interface.</summary>
[Flags]
public enum FlowDirection
{
    /// <summary>Not set. No flow and no monitor has it.</summary>
    None = 0,
    /// <summary>Frames that arrive.</summary>
    Ingress = 1,
    /// <summary>Frames that leave.</summary>
    Egress = 2,
    /// <summary>Both, each counted by itself.</summary>
    Both = Ingress | Egress,
}
