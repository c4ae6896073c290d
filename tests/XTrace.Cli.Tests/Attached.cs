using System.Text.Json;
using XTrace.Testbed;

namespace XTrace.Cli.Tests;

/// <summary>What the kernel says is attached.</summary>
internal static class Attached
{
    /// <summary>The interfaces with an XDP program in the watched end's namespace, by index.</summary>
    internal static string[] Interfaces(VethPair pair)
    {
        using JsonDocument links = JsonDocument.Parse(pair.Run(() => Command.Run("ip", "-j", "link")));
        return
        [
            .. links.RootElement.EnumerateArray()
                .Where(link => link.TryGetProperty("xdp", out _))
                .Select(link => link.GetProperty("ifname").GetString()!),
        ];
    }
}
