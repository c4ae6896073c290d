using System.Globalization;
using XTrace.Flows;

namespace XTrace.Cli;

/// <summary>The line of a connection in mode rdma, in the form of the original tool.</summary>
internal static class ConnectionLine
{
    private const string Unknown = "-";

    /// <summary>Whether it has a peer.</summary>
    internal static bool HasPeer(RdmaQueuePair one) => one.RemoteQueuePair is not null;

    /// <summary>Whether it sent or received anything since the sample before.</summary>
    internal static bool HasMoved(RdmaQueuePair one) => one.SentPacketsPerSecond > 0 || one.ReceivedPacketsPerSecond > 0;

    /// <summary>
    /// <c>192.0.2.1:17 -> 192.0.2.2:18 proto=rc packets=1000 received=20 bytes=65536000 process=ib_write_bw(4711)</c>. On InfiniBand
    /// the ends are queue pairs with local identifiers, <c>17:3 -> 18:5</c>.
    /// </summary>
    internal static string Of(RdmaQueuePair one)
    {
        bool isInfiniBand = one.LocalLid is not null;
        string local = isInfiniBand ? $"{one.QueuePair}:{one.LocalLid}" : $"{one.LocalAddress ?? Unknown}:{one.QueuePair}";
        string remote = isInfiniBand
            ? $"{one.RemoteQueuePair}:{Text(one.RemoteLid)}"
            : $"{one.RemoteAddress ?? Unknown}:{one.RemoteQueuePair}";
        string state = one.State == RdmaQueuePairState.RTS ? "" : $" state={one.State}";
        string ambiguous = one.IsAmbiguous ? " ambiguous" : "";
        return $"{local} -> {remote} proto={one.Type}".ToLowerInvariant()
            + $" packets={Text(one.SentPackets)} received={Text(one.ReceivedPackets)} bytes={Text(one.EstimatedSentBytes)}"
            + $"{Process(one)}{state}{ambiguous}";
    }

    private static string Process(RdmaQueuePair one) =>
        one.Owner is not { } owner ? ""
        : one.ProcessId is { } id ? $" process={FlowLine.Quote(owner)}({id})"
        : $" process={FlowLine.Quote(owner)}";

    private static string Text(IFormattable? number) => number?.ToString(null, CultureInfo.InvariantCulture) ?? Unknown;
}
