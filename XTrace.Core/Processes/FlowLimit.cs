namespace XTrace;

/// <summary>The limit that keeps a TCP connection from sending faster.</summary>
public enum FlowLimit
{
    /// <summary>The application has no more to send.</summary>
    Application,
    /// <summary>The receiver takes no more: its window is full.</summary>
    ReceiverWindow,
    /// <summary>The send buffer is too small for what is under way.</summary>
    SendBuffer,
    /// <summary>The network: the congestion window is full.</summary>
    CongestionWindow,
}
