using System.Globalization;
using System.Net;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using XTrace.Processes;
using XTrace.Testbed;

namespace XTrace.Tests;

/// <summary>
/// Compares both ways to read sockets with each other and with <c>ss</c>: 500 connections of 20 processes in three namespaces.
/// </summary>
[Trait("Category", "Privileged")]
public sealed partial class SocketReaderTests : IDisposable
{
    private const int Connections = 50; // of each pair of processes

    private readonly List<NetNamespace> _networks = [];
    private readonly List<Peer> _peers = [];

    /// <summary>What ss says of a socket, and what a row has.</summary>
    private sealed record Seen(
        string Network, string Local, string Remote, int Pid, string Name, int User,
        double RoundTrip, double MinRoundTrip, int Retransmitted, int Window);

    [Fact]
    public void Every_connection_has_the_process_and_the_figures_that_ss_tells()
    {
        Prepare();
        // Nothing is sent any more, so that one moment is as good as the other.
        HashSet<Seen> expected = [.. _networks.SelectMany(network => ReadSs(network.Name))];
        Assert.Equal(2 * Connections * 10, expected.Count);
        Assert.Equal(20, expected.Select(socket => socket.Pid).Distinct().Count());
        Assert.Contains(expected, socket => socket.RoundTrip > 0 && socket.MinRoundTrip > 0);
        foreach (SocketReader reader in Readers())
        {
            using (reader)
            {
                HashSet<Seen> rows = [.. Read(reader).Where(IsOfPeers).Select(ToSeen)];
                Assert.Empty(expected.Except(rows));
                Assert.Empty(rows.Except(expected));
            }
        }
    }

    [Fact]
    public void Both_ways_give_the_same_rows()
    {
        Prepare();
        using Peer server = Peer.In(_networks[0].Name, "udp", "::", "5353");
        using Peer asking = Peer.In(_networks[0].Name, "ask", "::1", "5353", "3");
        using Peer sending = Peer.In(_networks[0].Name, "send", "127.0.0.1", "5353", "4444");
        using SocketProgram program = new(recordEnds: false);
        using SocketDiagnosis diagnosis = new();
        string[] first = [.. Read(program).Where(IsOfPeerProgram).Select(Describe).Order()];
        string[] second = [.. Read(diagnosis).Where(IsOfPeerProgram).Select(Describe).Order()];
        Assert.Equal(second, first);
        // All connections, ten listening sockets and three of UDP.
        Assert.Equal((2 * Connections * 10) + 10 + 3, first.Length);
    }

    /// <summary>The walk meets processes in any order. The lowest number is the parent's.</summary>
    [Theory]
    [InlineData(30, 10, 20)]
    [InlineData(10, 20, 30)]
    [InlineData(20, 30, 10)]
    public void A_socket_that_several_processes_hold_is_the_parents(params int[] processes)
    {
        SocketTable table = new();
        foreach (int process in processes)
        {
            SocketRow row = new() { Id = new SocketId { LocalPort = 80 }, Owner = new SocketOwner { Pid = (uint)process } };
            table.Add(in row);
        }
        Assert.Equal(10u, Assert.Single(table.Rows.ToArray()).Owner.Pid);
    }

    public void Dispose()
    {
        _peers.ForEach(peer => peer.Dispose());
        _networks.ForEach(network => network.Dispose());
    }

    /// <summary>The same addresses and ports in each namespace, and a pair of processes across two of them.</summary>
    private void Prepare()
    {
        for (int i = 0; i < 3; i++)
        {
            NetNamespace network = new($"xts-{Environment.ProcessId}-{i}");
            _networks.Add(network);
            Command.Run("ip", "-n", network.Name, "link", "set", "lo", "up");
            AddPair(network, network, "127.0.0.1", 5001);
            AddPair(network, network, "::1", 5002);
            AddPair(network, network, "127.0.0.2", 5003);
        }
        (string first, string second) = (_networks[0].Name, _networks[1].Name);
        Command.Run("ip", "-n", first, "link", "add", "v0", "type", "veth", "peer", "name", "v1", "netns", second);
        Command.Run("ip", "-n", first, "address", "add", "fd00::1/64", "dev", "v0", "nodad");
        Command.Run("ip", "-n", second, "address", "add", "fd00::2/64", "dev", "v1", "nodad");
        Command.Run("ip", "-n", first, "link", "set", "v0", "up");
        Command.Run("ip", "-n", second, "link", "set", "v1", "up");
        AddPair(_networks[0], _networks[1], "fd00::2", 5004);
        // What was sent is confirmed, and delayed acknowledgements have gone.
        Thread.Sleep(500);
    }

    private void AddPair(NetNamespace client, NetNamespace server, string address, int port)
    {
        _peers.Add(Peer.In(server.Name, "listen", address, $"{port}", "1000"));
        _peers.Add(Peer.In(client.Name, "connect", address, $"{port}", $"{Connections}", "20000"));
    }

    private static SocketReader[] Readers() => [new SocketProgram(recordEnds: false), new SocketDiagnosis()];

    private static SocketRow[] Read(SocketReader reader)
    {
        SocketTable table = new();
        reader.Read(table);
        return table.Rows.ToArray();
    }

    private bool IsOfPeerProgram(SocketRow row) =>
        row.Owner.Name == "peer" && _networks.Exists(network => InodeOf(network.Name) == row.Id.Net);

    private bool IsOfPeers(SocketRow row) => IsOfPeerProgram(row) && row.HasTcp;

    private static uint InodeOf(string network) => (uint)Bpf.FileStatus.InodeOf($"/run/netns/{network}");

    private Seen ToSeen(SocketRow row) => new(
        _networks.Find(network => InodeOf(network.Name) == row.Id.Net)!.Name,
        Endpoint(row.Id.Local0, row.Id.Local1, row.Id.LocalPort),
        Endpoint(row.Id.Remote0, row.Id.Remote1, row.Id.RemotePort),
        (int)row.Owner.Pid,
        row.Owner.Name,
        (int)row.Owner.Uid,
        row.RoundTripMicroseconds / 1000.0,
        row.MinRoundTripMicroseconds / 1000.0,
        (int)row.Retransmitted,
        (int)row.Window);

    /// <summary>
    /// Describes everything but the times and the control group. Each way has its own unit of time, and one of them finds the control
    /// group in /proc.
    /// </summary>
    private static string Describe(SocketRow row) => string.Create(
        CultureInfo.InvariantCulture,
        $"{row.Id.Net} {Endpoint(row.Id.Local0, row.Id.Local1, row.Id.LocalPort)} "
        + $"{Endpoint(row.Id.Remote0, row.Id.Remote1, row.Id.RemotePort)} "
        + $"{row.Protocol} {(TcpState)row.State} {row.Flags} {row.Owner.Pid} {row.Owner.Uid} {row.Owner.Name} {row.RoundTripMicroseconds} "
        + $"{row.MinRoundTripMicroseconds} {row.Retransmitted} {row.Lost} {row.Window} {row.DeliveryRate}");

    private static string Endpoint(ulong high, ulong low, ushort port)
    {
        IPAddress address = new(MemoryMarshal.AsBytes<ulong>((ulong[])[high, low]));
        ushort hostPort = (ushort)IPAddress.NetworkToHostOrder((short)port);
        return new IPEndPoint(address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address, hostPort).ToString();
    }

    private static IEnumerable<Seen> ReadSs(string network)
    {
        string text = Command.Run("nsenter", $"--net=/run/netns/{network}", "ss", "-tinpeH", "state", "established");
        // A line of addresses, and one of figures below it.
        string[] lines = text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        for (int i = 0; i + 1 < lines.Length; i += 2)
        {
            string[] words = lines[i].Split(' ', StringSplitOptions.RemoveEmptyEntries);
            Match user = UserPattern().Match(lines[i]);
            Assert.True(user.Success, lines[i]);
            yield return new Seen(
                network,
                IPEndPoint.Parse(words[2]).ToString(),
                IPEndPoint.Parse(words[3]).ToString(),
                Number(user.Groups[2].Value),
                user.Groups[1].Value,
                0,
                Figure(lines[i + 1], @" rtt:([\d.e+-]+)/"),
                Figure(lines[i + 1], @"minrtt:([\d.e+-]+)"),
                (int)Figure(lines[i + 1], @" retrans:\d+/(\d+)"),
                (int)Figure(lines[i + 1], @" cwnd:(\d+)"));
        }
    }

    /// <summary>A figure of ss; 0 where it shows none.</summary>
    private static double Figure(string line, string pattern) =>
        Regex.Match(line, pattern) is { Success: true } match ? double.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture) : 0;

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"users:\(\(""([^""]+)"",pid=(\d+),fd=\d+\)\)")]
    private static partial Regex UserPattern();
}
