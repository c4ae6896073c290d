using System.Text.Json;

namespace XTrace.Testbed;

/// <summary>What an interface counts of itself.</summary>
public static class LinkCounters
{
    /// <summary>Of an interface of the calling thread's namespace.</summary>
    /// <param name="interfaceName">The interface.</param>
    /// <param name="which"><c>rx</c> or <c>tx</c>.</param>
    public static (ulong Packets, ulong Bytes) Read(string interfaceName, string which) =>
        Read(interfaceName, which, counters => (counters.GetProperty("packets").GetUInt64(), counters.GetProperty("bytes").GetUInt64()));

    /// <summary>What an interface was to send and dropped: it is in no other counter.</summary>
    /// <param name="interfaceName">The interface.</param>
    public static ulong ReadDropped(string interfaceName) =>
        Read(interfaceName, "tx", counters => counters.GetProperty("dropped").GetUInt64());

    private static T Read<T>(string interfaceName, string which, Func<JsonElement, T> read)
    {
        using JsonDocument document = JsonDocument.Parse(Command.Run("ip", "-j", "-s", "link", "show", "dev", interfaceName));
        return read(document.RootElement[0].GetProperty("stats64").GetProperty(which));
    }
}
