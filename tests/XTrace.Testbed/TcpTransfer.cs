using System.Net;
using System.Net.Sockets;

namespace XTrace.Testbed;

/// <summary>TCP between the two ends of a pair, in both directions at once.</summary>
public static class TcpTransfer
{
    private const int Port = 5201;

    /// <summary>Sends so many bytes each way and waits until both have arrived.</summary>
    /// <returns>Whether every segment was sent once only.</returns>
    public static bool Run(VethPair pair, int bytes)
    {
        long before = Retransmissions(pair);
        using TcpListener listener = pair.Run(() => new TcpListener(IPAddress.Parse(VethPair.Address), Port));
        listener.Start();
        using TcpClient client = pair.RunAtPeer(() => new TcpClient(VethPair.Address, Port));
        using TcpClient server = listener.AcceptTcpClient();
        Task[] work = [Send(client, bytes), Send(server, bytes), Receive(client, bytes), Receive(server, bytes)];
        Task.WaitAll(work, TimeSpan.FromSeconds(30));
        Array.ForEach(work, task => task.GetAwaiter().GetResult());
        return Retransmissions(pair) == before;
    }

    private static Task Send(TcpClient client, int bytes) => Task.Run(() => client.GetStream().Write(new byte[bytes]));

    private static Task Receive(TcpClient client, int bytes) => Task.Run(() => client.GetStream().ReadExactly(new byte[bytes]));

    private static long Retransmissions(VethPair pair)
    {
        static long Read() => ReadSnmp("Tcp", "RetransSegs"); // RFC 4022
        return pair.Run(Read) + pair.RunAtPeer(Read);
    }

    /// <summary>A counter of /proc/net/snmp in the calling thread's namespace.</summary>
    public static long ReadSnmp(string protocol, string counter)
    {
        string[][] lines =
        [
            .. File.ReadLines("/proc/thread-self/net/snmp")
                .Where(line => line.StartsWith($"{protocol}:", StringComparison.Ordinal))
                .Select(line => line.Split(' ')),
        ];
        return long.Parse(lines[1][Array.IndexOf(lines[0], counter)], null);
    }
}
