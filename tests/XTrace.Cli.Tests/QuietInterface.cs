
namespace XTrace.Cli.Tests;

internal static class QuietInterface
{
    /// <summary>Adds a veth whose both ends lie in the watched end's namespace, and go with it; nothing travels on it.</summary>
    internal static void AddQuietInterface(this VethPair pair, string name) => pair.Run(() =>
    {
        string peer = $"{name}-peer";
        Command.Run("ip", "link", "add", name, "type", "veth", "peer", "name", peer);
        foreach (string end in new[] { name, peer })
        {
            File.WriteAllText($"/proc/sys/net/ipv6/conf/{end}/disable_ipv6", "1");
            Command.Run("ip", "link", "set", end, "up");
        }
    });
}
