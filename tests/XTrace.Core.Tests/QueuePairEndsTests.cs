using System.Buffers.Binary;
using System.Net;
using XTrace.Flows;
using XTrace.Processes;

namespace XTrace.Tests;

/// <summary>Which queue pair is the end of a RoCE flow: of what arrives, of what leaves, and of what passes.</summary>
public sealed class QueuePairEndsTests
{
    private const string Here = "192.0.2.1";
    private const string There = "192.0.2.2";

    private readonly QueuePairEnds _ends = new();
    private readonly Dictionary<string, HashSet<(ulong, ulong)>> _addresses = new()
    {
        ["rxe_a"] = [QueuePairEnds.AddressOf(IPAddress.Parse(Here)), QueuePairEnds.AddressOf(IPAddress.Parse("fe80::1"))],
        ["rxe_b"] = [QueuePairEnds.AddressOf(IPAddress.Parse("192.0.2.9"))],
    };

    [Theory]
    [InlineData(There, Here, 17, false, 100)] // arrives at queue pair 17
    [InlineData(Here, There, 40, true, 100)] // leaves for the peer of queue pair 17
    [InlineData(Here, There, 41, true, 0)] // leaves for the peer of queue pair 18, of which the address is not known
    [InlineData(Here, "192.0.2.3", 40, true, 0)] // the peer's number, at another machine
    [InlineData(There, "192.0.2.9", 17, false, 0)] // the number, at another device
    [InlineData(There, "192.0.2.9", 40, false, 300)] // rxe_b's queue pair 40
    [InlineData("192.0.2.7", There, 17, false, 0)] // passes
    [InlineData("192.0.2.7", Here, 99, false, 0)] // no such queue pair
    public void The_end_on_this_machine_is_found_by_number_and_address(
        string source, string destination, int queuePair, bool leaves, uint process)
    {
        Take(End("rxe_a", 17, 100, 40, There), End("rxe_a", 18, 200, 41, null), End("rxe_b", 40, 300, 50, "192.0.2.5"));
        FlowOwner owner = _ends.Find(Key(source, destination, queuePair), leaves);
        Assert.Equal((process, process == 0 ? OwnerGap.NoQueuePair : OwnerGap.None), (owner.Row.Owner.Pid, owner.Gap));
        Assert.False(owner.Row.HasTcp);
    }

    /// <summary>Both devices are on this machine: the end where the flow is seen comes first.</summary>
    [Theory]
    [InlineData(true, 100)]
    [InlineData(false, 300)]
    public void Of_two_ends_on_this_machine_the_one_that_is_watched_counts(bool leaves, uint process)
    {
        Take(End("rxe_a", 17, 100, 40, "192.0.2.9"), End("rxe_b", 40, 300, 17, Here));
        Assert.Equal(process, _ends.Find(Key(Here, "192.0.2.9", 40), leaves).Row.Owner.Pid);
    }

    [Fact]
    public void Without_the_peer_s_address_the_destination_is_named_if_it_is_on_this_machine()
    {
        Take(End("rxe_a", 17, 100, 40, null), End("rxe_b", 40, 300, 17, null));
        Assert.Equal(300u, _ends.Find(Key(Here, "192.0.2.9", 40), isSourceHere: true).Row.Owner.Pid);
    }

    [Fact]
    public void A_queue_pair_of_the_kernel_has_no_process()
    {
        Take(End("rxe_a", 1, 0, null, null));
        FlowOwner owner = _ends.Find(Key(There, Here, 1), isSourceHere: false);
        Assert.Equal((false, OwnerGap.QueuePairWithoutProcess), (owner.IsKnown, owner.Gap));
    }

    /// <summary>Two namespaces may have a device each with the same address.</summary>
    [Fact]
    public void The_same_number_and_address_twice_is_nobody_s()
    {
        _addresses["rxe_b"] = _addresses["rxe_a"];
        Take(End("rxe_a", 17, 100, 40, There), End("rxe_b", 17, 300, 50, There));
        Assert.Equal(OwnerGap.Ambiguous, _ends.Find(Key(There, Here, 17), isSourceHere: false).Gap);
        Take(End("rxe_a", 17, 100, 40, There), End("rxe_b", 17, 100, 50, There));
        Assert.Equal(100u, _ends.Find(Key(There, Here, 17), isSourceHere: false).Row.Owner.Pid);
    }

    [Fact]
    public void A_queue_pair_that_is_gone_stays_known_until_another_has_its_number()
    {
        Take(End("rxe_a", 17, 100, 40, There));
        Take(End("rxe_a", 18, 200, 41, There));
        FlowOwner gone = _ends.Find(Key(There, Here, 17), isSourceHere: false);
        Assert.Equal((100u, true), (gone.Row.Owner.Pid, gone.IsEnded));
        // The peer's number is that of a new connection as well.
        Take(End("rxe_a", 18, 200, 41, There), End("rxe_a", 19, 300, 40, There));
        Assert.Equal(300u, _ends.Find(Key(Here, There, 40), isSourceHere: true).Row.Owner.Pid);
        Take(End("rxe_a", 17, 400, 42, There));
        FlowOwner next = _ends.Find(Key(There, Here, 17), isSourceHere: false);
        Assert.Equal((400u, false), (next.Row.Owner.Pid, next.IsEnded));
    }

    [Fact]
    public void Addresses_of_IPv6_are_addresses()
    {
        Take(End("rxe_a", 0x123456, 100, 0x654321, "fe80::2"));
        Assert.Equal(100u, _ends.Find(Key("fe80::2", "fe80::1", 0x123456), isSourceHere: false).Row.Owner.Pid);
        Assert.Equal(100u, _ends.Find(Key("fe80::1", "fe80::2", 0x654321), isSourceHere: true).Row.Owner.Pid);
    }

    private void Take(params QueuePairEnd[] ends) => _ends.Replace(ends, _addresses);

    private static QueuePairEnd End(string device, int number, uint process, int? remote, string? address) =>
        new(device, number, new SocketOwner { Pid = process })
        {
            RemoteNumber = remote,
            RemoteAddress = address == null ? null : IPAddress.Parse(address),
        };

    private static FlowKey Key(string source, string destination, int queuePair)
    {
        (ulong source0, ulong source1) = QueuePairEnds.AddressOf(IPAddress.Parse(source));
        (ulong destination0, ulong destination1) = QueuePairEnds.AddressOf(IPAddress.Parse(destination));
        return new FlowKey
        {
            Source0 = source0,
            Source1 = source1,
            Destination0 = destination0,
            Destination1 = destination1,
            Ports = BinaryPrimitives.ReverseEndianness((uint)queuePair) >> 8,
            Kind = FlowAbi.RoceV2 | FlowAbi.IPv4,
        };
    }
}
