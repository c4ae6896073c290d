using System.Globalization;
using XTrace.Flows;

namespace XTrace.Cli;

/// <summary>The line of a connection in mode rdma, in the form of the original tool.</summary>
internal static class ConnectionLine
{
    private const string Unknown = "-";

    /// <summary>Whether it has a peer.</summary>
    internal static bool HasPeer(RdmaQueuePair pair) => pair.RemoteQueuePair is not null;

    /// <summary>Whether it sent or received anything since the sample before.</summary>
    internal static bool HasMoved(RdmaQueuePair pair) => pair.SentPacketsPerSecond > 0 || pair.ReceivedPacketsPerSecond > 0;

    /// <summary>
    /// <c>192.0.2.1:17 -> 192.0.2.2:18 proto=rc packets=1000 received=20 bytes=65536000 process=ib_write_bw(4711)</c>. On InfiniBand
    /// the ends are queue pairs with local identifiers, <c>17:3 -> 18:5</c>.
    /// </summary>
    internal static string Format(RdmaQueuePair pair)
    {
        bool isInfiniBand = pair.LocalLid is not null;
        string local = isInfiniBand ? $"{pair.QueuePair}:{pair.LocalLid}" : $"{pair.LocalAddress ?? Unknown}:{pair.QueuePair}";
        string remote = isInfiniBand
            ? $"{pair.RemoteQueuePair}:{Text(pair.RemoteLid)}"
            : $"{pair.RemoteAddress ?? Unknown}:{pair.RemoteQueuePair}";
        string state = pair.State == RdmaQueuePairState.RTS ? "" : $" state={pair.State}";
        string ambiguous = pair.IsAmbiguous ? " ambiguous" : "";
        return $"{local} -> {remote} proto={pair.Type}".ToLowerInvariant()
            + $" packets={Text(pair.SentPackets)} received={Text(pair.ReceivedPackets)} bytes={Text(pair.EstimatedSentBytes)}"
            + $"{Process(pair)}{state}{ambiguous}";
    }

    private static string Process(RdmaQueuePair pair) =>
        pair.Owner is not { } owner ? ""
        : pair.ProcessId is { } id ? $" process={FlowLine.Quote(owner)}({id})"
        : $" process={FlowLine.Quote(owner)}";

    private static string Text(IFormattable? number) => number?.ToString(null, CultureInfo.InvariantCulture) ?? Unknown;
}
