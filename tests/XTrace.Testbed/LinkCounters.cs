using System.Text.Json;

namespace XTrace.Testbed;

/// <summary>What an interface counts of itself.</summary>
public static class LinkCounters
{
    /// <summary>Of an interface of the calling thread's namespace.</summary>
    /// <param name="interfaceName">The interface.</param>
    /// <param name="which"><c>rx</c> or <c>tx</c>.</param>
    public static (ulong Packets, ulong Bytes) Read(string interfaceName, string which)
    {
        using JsonDocument document = JsonDocument.Parse(Command.Run("ip", "-j", "-s", "link", "show", "dev", interfaceName));
        JsonElement counters = document.RootElement[0].GetProperty("stats64").GetProperty(which);
        return (counters.GetProperty("packets").GetUInt64(), counters.GetProperty("bytes").GetUInt64());
    }
}
