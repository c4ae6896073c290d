namespace XTrace;

/// <summary>The state of a TCP connection, RFC 9293 3.3.2, numbered as in net/tcp_states.h.</summary>
public enum TcpState
{
    /// <summary>None is known.</summary>
    None,
    /// <summary>Data can flow both ways.</summary>
    Established,
    /// <summary>This side asked for a connection and has no answer yet.</summary>
    SynSent,
    /// <summary>The other side asked for a connection, and has not confirmed the answer yet.</summary>
    SynReceived,
    /// <summary>This side has closed; the other has not confirmed that yet.</summary>
    FinWait1,
    /// <summary>This side has closed, and waits for the other to close.</summary>
    FinWait2,
    /// <summary>Both sides have closed; late packets are waited for.</summary>
    TimeWait,
    /// <summary>The connection is over.</summary>
    Closed,
    /// <summary>The other side has closed, and this one has not.</summary>
    CloseWait,
    /// <summary>Both sides have closed; the other has not confirmed that yet.</summary>
    LastAck,
    /// <summary>The socket waits for connections.</summary>
    Listen,
    /// <summary>Both sides closed at once.</summary>
    Closing,
    /// <summary>The other side asked for a connection, which has no socket of its own yet.</summary>
    NewSynReceived,
}
