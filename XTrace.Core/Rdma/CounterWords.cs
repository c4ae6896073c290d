using System.Collections.Frozen;
using System.Text.RegularExpressions;

namespace XTrace.Rdma;

/// <summary>Guesses from the words of a name what a counter tells that nobody knows, so that none that counts errors is silent.</summary>
internal static partial class CounterWords
{
    /// <summary>Words by what they begin with. A name that has words of several categories is of the first of these.</summary>
    private static readonly (RdmaCounterCategory Category, string[] Starts)[] s_starts =
    [
        (RdmaCounterCategory.Error,
        [
            "err", "fail", "fault", "drop", "discard", "inval", "illegal", "bad", "corrupt", "crc", "icrc", "fcs",
            "overflow", "oflow", "ovf", "overrun", "underrun", "abort", "fatal", "violat", "reject", "refus", "denied",
            "malform", "trunc", "mismatch", "miss", "lost", "loss", "exceed", "unsup", "unrecover", "unrespons", "dead",
            "downed", "flush", "parity", "poison", "unaligned", "oversize", "undersize", "runt", "jabber", "fragment", "uncorrect",
        ]),
        (RdmaCounterCategory.Congestion,
        [
            "cnp", "ecn", "becn", "fecn", "congest", "pause", "pfc", "throttl", "pacing", "wait", "stall",
            "backpressure", "slow", "marked", "mrkd", "pripause", "xon", "xoff", "busy",
        ]),
        (RdmaCounterCategory.Retransmission,
        [
            "retry", "retries", "retrans", "retx", "rexmit", "resend", "resent", "nak", "nack", "rnr", "timeout", "rto",
            "dup", "seq", "oos", "ooo", "outof",
        ]),
        (RdmaCounterCategory.Traffic,
        [
            "byte", "octet", "packet", "pkt", "seg", "frame", "flit", "word", "read", "write", "send", "recv", "atomic",
            "ucast", "mcast", "unicast", "multicast",
        ]),
    ];

    private static readonly FrozenSet<string> s_sent = ["tx", "xmit", "sent", "out"];
    private static readonly FrozenSet<string> s_received = ["rx", "rcv", "rcvd", "recv", "received", "in"];

    /// <summary>The category that a name's words speak of; Other if they speak of none.</summary>
    internal static RdmaCounterCategory CategoryOf(string name)
    {
        string[] words = [.. Word().Matches(name).Select(match => match.Value.ToLowerInvariant())];
        // Words that are sometimes written apart: time_out, out_of_order.
        string[] pairs = [.. words.Zip(words.Skip(1), (one, next) => one + next).Where(pair => pair is "timeout" or "outof")];
        string[] all = [.. words, .. pairs];
        bool Begins(string start) => all.Any(word => word.StartsWith(start, StringComparison.Ordinal));
        return s_starts.FirstOrDefault(rule => rule.Starts.Any(Begins)).Category;
    }

    /// <summary>The direction that a name's words speak of; None if they speak of none, or of both.</summary>
    internal static RdmaCounterDirection DirectionOf(string name)
    {
        string[] words = [.. Word().Matches(name).Select(match => match.Value.ToLowerInvariant())];
        return (words.Any(s_sent.Contains), words.Any(s_received.Contains)) switch
        {
            (true, false) => RdmaCounterDirection.Sent,
            (false, true) => RdmaCounterDirection.Received,
            _ => RdmaCounterDirection.None,
        };
    }

    /// <summary>A word of snake_case, camelCase or plain text: <c>tcpRetransSegs</c> has three, <c>RxECNMrkd</c> as well.</summary>
    [GeneratedRegex("[A-Z]+(?![a-z])|[A-Z]?[a-z]+")]
    private static partial Regex Word();
}
