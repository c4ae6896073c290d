using XTrace.Testbed;

namespace XTrace.Tests;

/// <summary>One more veth pair between the namespaces of a pair: an interface that comes and goes, as those of containers do.</summary>
internal sealed class ExtraVeth : IDisposable
{
    private readonly VethPair _pair;
    private readonly PacketSocket _socket;

    internal ExtraVeth(VethPair pair, string name)
    {
        _pair = pair;
        Name = name;
        string peer = $"{name}p";
        pair.Run(() => Command.Run("ip", "link", "add", name, "type", "veth", "peer", "name", peer, "netns", pair.PeerNamespace));
        pair.Run(() => BringUp(name));
        _socket = pair.RunAtPeer(() =>
        {
            BringUp(peer);
            return new PacketSocket(peer);
        });
    }

    internal string Name { get; }

    /// <summary>Sends a frame from the other end.</summary>
    internal void Send(byte[] frame, int count = 1)
    {
        for (int i = 0; i < count; i++)
        {
            _socket.Send(frame);
        }
    }

    internal void Delete() => _pair.Run(() => Command.Run("ip", "link", "del", Name));

    public void Dispose() => _socket.Dispose();

    private static void BringUp(string name)
    {
        File.WriteAllText($"/proc/sys/net/ipv6/conf/{name}/disable_ipv6", "1");
        Command.Run("ip", "link", "set", name, "up");
    }
}
