namespace XTrace;

/// <summary>The flags of a TCP header: control bits in RFC 9293 3.1. The numbers are those of its byte 13.</summary>
[Flags]
public enum TcpControlBits : byte
{
    /// <summary>No flag at all, which no connection begins or ends with.</summary>
    None = 0,
    /// <summary>FIN: the sender has no more data.</summary>
    Fin = 0x01,
    /// <summary>SYN: a connection begins.</summary>
    Syn = 0x02,
    /// <summary>RST: the connection is reset, or refused.</summary>
    Reset = 0x04,
    /// <summary>PSH: hand the data to the application.</summary>
    Push = 0x08,
    /// <summary>ACK: the acknowledgement number counts. An answer to a SYN has both.</summary>
    Ack = 0x10,
    /// <summary>URG: the urgent pointer counts.</summary>
    Urgent = 0x20,
    /// <summary>ECE: the other side's packets met congestion (RFC 3168); with SYN, the sender knows ECN.</summary>
    Ece = 0x40,
    /// <summary>CWR: the sender has slowed down (RFC 3168).</summary>
    Cwr = 0x80,
}
