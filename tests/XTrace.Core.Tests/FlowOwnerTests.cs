using XTrace.Testbed;
using static XTrace.Testbed.Frames;

namespace XTrace.Tests;

/// <summary>Whose flows are: processes in the watched network namespace, behind a veth pair, and nowhere.</summary>
[Collection(MonitorStoreTests.OneAtATime)]
[Trait("Category", "Privileged")]
public sealed class FlowOwnerTests : IDisposable
{
    private readonly VethPair _pair = new();
    private readonly List<Notice> _notices = [];
    private readonly List<Peer> _servers = [];
    private FlowSession? _session;

    private string Watched => _pair.Namespace!;

    private IEnumerable<string> Said => _notices.Select(notice => notice.Id);

    [Theory]
    [InlineData(VethPair.Address)]
    [InlineData("fd77::1")]
    public void A_connection_has_the_process_of_the_watched_side_in_both_directions(string address)
    {
        AddAddresses();
        using Peer server = Peer.In(Watched, "listen", address, "5000", "1000");
        using Peer client = Peer.In(_pair.PeerNamespace, "connect", address, "5000", "1", "50000", "0", "1000");
        Open(new FlowSessionOptions { Interfaces = [_pair.Interface], Directions = FlowDirection.Both, Detail = true });
        using Peer later = Peer.In(_pair.PeerNamespace, "connect", address, "5000", "1", "50000", "0", "1000");
        FlowStat[] flows = [.. Sample().Flows().Where(flow => flow.TrafficType == TrafficType.TCP)];
        Assert.Equal([FlowDirection.Egress, FlowDirection.Ingress], flows.Select(flow => flow.Direction).Distinct().Order().Reverse());
        Assert.All(flows, flow =>
        {
            Assert.Equal((server.Id, "peer", "root"), (flow.ProcessId, flow.ProcessName, flow.UserName));
            Assert.Equal((TcpState.Established, 0u), (flow.State, flow.RetransmittedPackets));
            Assert.InRange(flow.RoundTripTime!.Value, TimeSpan.FromMicroseconds(1), TimeSpan.FromSeconds(1));
            Assert.True(flow.MinRoundTripTime <= flow.RoundTripTime);
            Assert.InRange(flow.CongestionWindow!.Value, 1u, 1000u);
            Assert.True(flow.DeliveryRate > 0);
            Assert.Equal(FlowLimit.Application, flow.IsLimitedBy);
        });
    }

    /// <summary>The client reads nothing of 20 MB.</summary>
    [Fact]
    public void A_connection_whose_receiver_takes_no_more_is_limited_by_its_window()
    {
        _pair.AddAddresses();
        using Peer server = Peer.In(Watched, "listen", VethPair.Address, "5000", "20000000");
        Open(new FlowSessionOptions { Interfaces = [_pair.Interface], Directions = FlowDirection.Egress, Detail = true });
        using Peer client = Peer.In(_pair.PeerNamespace, "connect", VethPair.Address, "5000", "1");
        Thread.Sleep(1000);
        Sample();
        Thread.Sleep(1000);
        FlowStat flow = Assert.Single(Sample().Flows(), flow => flow.TrafficType == TrafficType.TCP);
        Assert.Equal((server.Id, FlowLimit.ReceiverWindow), (flow.ProcessId, flow.IsLimitedBy));
    }

    [Fact]
    public void Without_details_nothing_is_known_and_nobody_looks()
    {
        _pair.AddAddresses();
        using Peer server = Peer.In(Watched, "listen", VethPair.Address, "5000");
        Open(new FlowSessionOptions { Interfaces = [_pair.Interface] });
        using Peer client = Peer.In(_pair.PeerNamespace, "connect", VethPair.Address, "5000", "1");
        FlowSample sample = Sample();
        Assert.Null(sample.Owners);
        Assert.All(sample.Flows(), flow => Assert.Equal((null, null, null), (flow.ProcessId, flow.State, flow.Container)));
    }

    [Fact]
    public void A_forwarded_flow_has_no_process_and_is_told()
    {
        Open(new FlowSessionOptions { Interfaces = [_pair.Interface], Detail = true });
        _pair.Send(Tcp4("10.1.1.1", 1000, "10.2.2.2", 2000, 10));
        _pair.Send(Icmp4("10.1.1.1", "10.2.2.2", 8, 0));
        FlowSample sample = Sample();
        FlowStat[] flows = [.. sample.Flows()];
        Assert.Equal(2, flows.Length);
        Assert.All(flows, flow => Assert.Equal((null, null, null), (flow.ProcessId, flow.State, flow.UserName)));
        sample.ReportGaps();
        Assert.Contains("FlowsWithoutSocket", Said);
        Assert.Contains("FlowsWithoutPorts", Said);
    }

    /// <summary>A port alone is not enough: it must have arrived at an address of this namespace.</summary>
    [Fact]
    public void A_bound_socket_owns_what_goes_to_its_own_address_only()
    {
        _pair.AddAddresses();
        using Peer server = Peer.In(Watched, "udp", "::", "5353");
        Open(new FlowSessionOptions { Interfaces = [_pair.Interface], Detail = true });
        _pair.Send(Udp4(VethPair.PeerAddress, 999, VethPair.Address, 5353, 10));
        _pair.Send(Udp4(VethPair.PeerAddress, 999, "10.7.7.99", 5353, 10));
        Dictionary<string, FlowStat> flows = Sample().Flows().ToDictionary(flow => flow.DestinationAddress);
        Assert.Equal(server.Id, flows[VethPair.Address].ProcessId);
        Assert.Null(flows[VethPair.Address].State);
        Assert.Null(flows["10.7.7.99"].ProcessId);
    }

    /// <summary>
    /// The connection closed before anybody looked. Its frames were counted, and no socket has its addresses any more.
    /// </summary>
    [Fact]
    public void A_connection_that_is_gone_has_the_process_that_listens_and_no_figures()
    {
        _pair.AddAddresses();
        using Peer server = Peer.In(Watched, "listen", VethPair.Address, "5000");
        Open(new FlowSessionOptions { Interfaces = [_pair.Interface], Detail = true });
        _pair.Send(Tcp4(VethPair.PeerAddress, 1000, VethPair.Address, 5000, 10));
        _pair.Send(Tcp4(VethPair.PeerAddress, 1000, VethPair.Address, 5001, 10));
        Dictionary<ushort, FlowStat> flows = Sample().Flows().ToDictionary(flow => flow.DestinationPort!.Value);
        Assert.Equal(
            (server.Id, "peer", null, null),
            (flows[5000].ProcessId, flows[5000].ProcessName, flows[5000].State, flows[5000].RoundTripTime));
        Assert.Null(flows[5001].ProcessId);
    }

    [Fact]
    public void A_connected_socket_of_UDP_comes_before_one_that_is_bound()
    {
        _pair.AddAddresses();
        using Peer bound = Peer.In(Watched, "udp", "0.0.0.0", "4444");
        using Peer server = Peer.In(_pair.PeerNamespace, "udp", VethPair.PeerAddress, "5353");
        Open(new FlowSessionOptions { Interfaces = [_pair.Interface], Directions = FlowDirection.Both, Detail = true });
        using Peer asking = Peer.In(Watched, "ask", VethPair.PeerAddress, "5353", "3", "4444");
        FlowStat[] flows = [.. Sample().Flows().Where(flow => flow.TrafficType == TrafficType.UDP)];
        Assert.Equal(2, flows.Length);
        Assert.All(flows, flow => Assert.Equal(asking.Id, flow.ProcessId));
    }

    /// <summary>From afar nothing tells which of two containers with the same addresses it is. The interface of one does.</summary>
    [Fact]
    public void The_same_addresses_in_two_namespaces_are_not_mixed_up()
    {
        using NetNamespace other = new($"xto-{Environment.ProcessId}");
        using Peer first = ConnectTo(_pair.PeerNamespace);
        using Peer second = ConnectTo(other.Name);
        using PacketSocket socket = _pair.Run(() =>
        {
            Command.Run("ip", "link", "add", "xd0", "type", "veth", "peer", "name", "xd1");
            Command.Run("ip", "link", "set", "xd0", "up");
            Command.Run("ip", "link", "set", "xd1", "up");
            return new PacketSocket("xd1");
        });
        Open(new FlowSessionOptions { Interfaces = [_pair.Interface, "xd0"], Detail = true });
        byte[] frame = Tcp4("127.0.0.1", 4000, "127.0.0.1", 5000, 10);
        _pair.Send(frame);
        socket.Send(frame);
        FlowSample sample = Sample();
        Dictionary<string, FlowStat> flows = sample.Flows()
            .Where(flow => flow.TrafficType == TrafficType.TCP).ToDictionary(flow => flow.InterfaceAlias);
        // What comes from behind the pair was sent there.
        Assert.Equal(first.Id, flows[_pair.Interface].ProcessId);
        Assert.Null(flows["xd0"].ProcessId);
        sample.ReportGaps();
        Assert.Contains("FlowsOfSeveralNamespaces", Said);

        Peer ConnectTo(string network)
        {
            Command.Run("ip", "-n", network, "link", "set", "lo", "up");
            _servers.Add(Peer.In(network, "listen", "127.0.0.1", "5000"));
            return Peer.In(network, "connect", "127.0.0.1", "5000", "1", "0", "4000");
        }
    }

    /// <summary>
    /// The host's end of a container's veth is watched from the namespace of process 1. A flow belongs to the process inside the
    /// container, whoever is at the flow's other end.
    /// </summary>
    [Fact]
    public void On_the_host_a_veth_names_the_process_inside()
    {
        using VethPair container = new(watchedEndHere: true);
        container.AddAddresses();
        using Peer server = new("listen", VethPair.Address, "5000");
        Peer inside = Peer.In(container.PeerNamespace, "udp", "0.0.0.0", "5353");
        using FlowSession session = new(
            new FlowSessionOptions { Interfaces = [container.Interface], Directions = FlowDirection.Both, Detail = true }, _notices.Add);
        session.Open();
        Peer client = Peer.In(container.PeerNamespace, "connect", VethPair.Address, "5000", "1", "1000");
        using Peer asking = new("ask", VethPair.PeerAddress, "5353", "1");
        FlowStat[] flows = [.. session.Sample().Flows()];
        Assert.All(flows.Where(flow => flow.TrafficType == TrafficType.TCP), flow => Assert.Equal(client.Id, flow.ProcessId));
        Assert.All(flows.Where(flow => flow.TrafficType == TrafficType.UDP), flow => Assert.Equal(inside.Id, flow.ProcessId));
        Assert.Equal(4, flows.Count(flow => flow.ProcessId != null));

        // Nobody is left inside, and the server has the other end still.
        int gone = client.Id;
        client.Dispose();
        inside.Dispose();
        flows = [.. session.Sample().Flows().Where(flow => flow.TrafficType == TrafficType.TCP)];
        Assert.Equal((2, gone), (flows.Length, Assert.Single(flows.Select(flow => flow.ProcessId).Distinct())!.Value));
    }

    /// <summary>
    /// Sampled once a second. The client closes: in order where everything was read, and with a reset where the server's answer was not.
    /// </summary>
    [Theory]
    [Trait("Category", "Slow")]
    [InlineData(0)]
    [InlineData(1000)]
    public void Connections_that_live_5_ms_have_a_process(int reply)
    {
        const int Count = 10_000;
        const int Clients = 10;
        _pair.AddAddresses();
        using Peer server = Peer.In(Watched, "listen", VethPair.Address, "5000", $"{reply}");
        Open(new FlowSessionOptions
        {
            Interfaces = [_pair.Interface],
            Directions = FlowDirection.Both,
            Detail = true,
            Interval = TimeSpan.FromSeconds(1),
        });
        Peer[] clients = [.. Enumerable.Range(0, Clients).Select(i => Peer.In(
            _pair.PeerNamespace, "brief", VethPair.Address, "5000", $"{Count / Clients}", "5000", $"{10_000 + (i * Count / Clients)}"))];
        Task done = Task.Run(() => Array.ForEach(clients, client => client.WaitUntilDone()));
        Dictionary<ushort, int?> owners = [];
        int samples = 0;
        for (bool isLast = false; !isLast; samples++)
        {
            isLast = done.IsCompleted;
            Assert.True(_pair.Run(() => _session!.Wait(TimeSpan.FromSeconds(1))));
            foreach (FlowStat flow in Sample().Flows().Where(flow => flow.TrafficType == TrafficType.TCP))
            {
                ushort port = flow.Direction == FlowDirection.Ingress ? flow.SourcePort!.Value : flow.DestinationPort!.Value;
                owners[port] = flow.ProcessId ?? owners.GetValueOrDefault(port);
            }
        }
        Array.ForEach(clients, client => client.Dispose());
        Assert.InRange(samples, 3, 100);
        Assert.Equal(Count, owners.Count);
        Assert.Equal(server.Id, owners.Values.Where(owner => owner != null).Distinct().Single());
        int known = owners.Values.Count(owner => owner != null);
        Assert.True(known >= Count * 0.99, $"{known} of {Count}");
    }

    public void Dispose()
    {
        _session?.Dispose();
        _servers.ForEach(server => server.Dispose());
        _pair.Dispose();
        // This kernel has what the better way needs.
        Assert.DoesNotContain("SocketsFromNetlink", Said);
    }

    private void AddAddresses()
    {
        _pair.AddAddresses();
        _pair.Run(() => AddIPv6(_pair.Interface, "fd77::1/64"));
        _pair.RunAtPeer(() => AddIPv6(_pair.PeerInterface, "fd77::2/64"));
    }

    private static bool AddIPv6(string name, string address)
    {
        File.WriteAllText($"/proc/sys/net/ipv6/conf/{name}/disable_ipv6", "0");
        Command.Run("ip", "address", "add", address, "dev", name, "nodad");
        return true;
    }

    private void Open(FlowSessionOptions options) => _session = _pair.Run(() =>
    {
        FlowSession session = new(options, _notices.Add);
        session.Open();
        return session;
    });

    private FlowSample Sample() => _pair.Run(_session!.Sample);
}
