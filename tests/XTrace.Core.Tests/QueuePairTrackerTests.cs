using XTrace.Rdma;

namespace XTrace.Tests;

/// <summary>Queue pairs from one look to the next: those that stay, come, go, and whose number another one gets.</summary>
public sealed class QueuePairTrackerTests
{
    private const int Device = 3;
    private const double Slow = 1000; // packets a second

    private static readonly QueuePairEntry s_entry = new(
        "mlx5_0", 1, 17, RdmaQueuePairType.RC, RdmaQueuePairState.RTS, 18, 1000, 5000, 4711, null, 5);

    private readonly Dictionary<int, ThreadOwner> _processes = new() { [4711] = new ThreadOwner(4700, "nccl", 99) };
    private readonly QueuePairTracker _tracker;
    private double _seconds;

    public QueuePairTrackerTests() => _tracker = new QueuePairTracker(thread => _processes.GetValueOrDefault(thread));

    [Fact]
    public void In_a_first_look_nothing_is_known_of_packets()
    {
        TrackedQueuePair pair = Look(s_entry);
        Assert.Equal((null, null, false), (pair.Sent, pair.Received, pair.HasBefore));
        Assert.Equal((4700, "nccl"), (pair.Owner.ProcessId, pair.Owner.Name));
    }

    [Fact]
    public void What_moves_counts_from_the_first_look()
    {
        Look(s_entry);
        Look(s_entry with { SendSequence = 1010, ReceiveSequence = 5003 });
        TrackedQueuePair pair = Look(s_entry with { SendSequence = 1025, ReceiveSequence = 5003 });
        Assert.Equal((25UL, 3UL), (pair.Sent, pair.Received));
    }

    [Fact]
    public void Rates_are_those_since_the_sample_before()
    {
        Look(s_entry);
        Look(s_entry with { SendSequence = 1100 }).EndSample();
        TrackedQueuePair pair = Look(s_entry with { SendSequence = 1150, ReceiveSequence = 5010 }, after: 2);
        Assert.Equal((25.0, 5.0), pair.Rates);
    }

    [Fact]
    public void One_that_does_not_move_has_zero_and_not_null()
    {
        Look(s_entry).EndSample();
        TrackedQueuePair pair = Look(s_entry);
        Assert.Equal((0UL, 0UL, 0.0, 0.0), (pair.Sent, pair.Received, pair.Rates.Sent, pair.Rates.Received));
        Assert.False(pair.HasMoved);
    }

    [Fact]
    public void One_that_is_gone_is_forgotten()
    {
        Look(s_entry);
        LookAt([]);
        Assert.Empty(_tracker.All);
    }

    [Theory]
    [InlineData("another process")]
    [InlineData("another protection domain")]
    [InlineData("another type")]
    [InlineData("the kernel")]
    public void A_number_that_is_used_again_is_another_queue_pair(string by)
    {
        QueuePairEntry successor = by switch
        {
            "another process" => s_entry with { ThreadId = 4999, SendSequence = 1500 },
            "another protection domain" => s_entry with { ProtectionDomain = 6, SendSequence = 1500 },
            "another type" => s_entry with { Type = RdmaQueuePairType.UC, SendSequence = 1500 },
            _ => s_entry with { ThreadId = null, KernelUser = "nvme_rdma", SendSequence = 1500 },
        };
        Look(s_entry);
        Look(s_entry with { SendSequence = 1200 });
        Assert.Null(Look(successor).Sent);
        Assert.Equal(7UL, Look(successor with { SendSequence = 1507 }).Sent);
    }

    [Fact]
    public void A_process_with_the_number_of_one_that_ended_is_another()
    {
        Look(s_entry);
        _processes[4711] = new ThreadOwner(4711, "other", 1234);
        TrackedQueuePair pair = Look(s_entry with { SendSequence = 1500 });
        Assert.Equal((null, "other"), (pair.Sent, pair.Owner.Name));
    }

    [Fact]
    public void A_queue_pair_elsewhere_in_the_kernel_or_with_another_queue_is_another()
    {
        QueuePairPath path = new() { Instance = 0xffff1000, Device = Device, Number = 17, CompletionQueue = 8 };
        Look(s_entry, path);
        Assert.Equal(1UL, Look(s_entry with { SendSequence = 1001 }, path).Sent);
        Assert.Null(Look(s_entry with { SendSequence = 1500 }, path with { CompletionQueue = 9 }).Sent);
        Assert.Null(Look(s_entry with { SendSequence = 1600 }, path with { CompletionQueue = 9, Instance = 0xffff2000 }).Sent);
    }

    /// <summary>A thread that has ended is named no more; the queue pair and what was known of its process stay.</summary>
    [Fact]
    public void The_end_of_the_thread_that_made_it_is_not_its_end()
    {
        Look(s_entry);
        TrackedQueuePair pair = Look(s_entry with { ThreadId = null, SendSequence = 1004 });
        Assert.Equal((4UL, "nccl"), (pair.Sent, pair.Owner.Name));
    }

    [Fact]
    public void A_new_peer_begins_anew()
    {
        Look(s_entry);
        Look(s_entry with { SendSequence = 1100 });
        Look(s_entry with { RemoteNumber = 44, SendSequence = 900_000, ReceiveSequence = 7 });
        TrackedQueuePair pair = Look(s_entry with { RemoteNumber = 44, SendSequence = 900_003, ReceiveSequence = 9 });
        Assert.Equal((3UL, 2UL), (pair.Sent, pair.Received));
    }

    /// <summary>The numbers are set on the way to RTR and RTS: what they were before does not count.</summary>
    [Fact]
    public void The_way_through_the_states_begins_the_numbers()
    {
        QueuePairEntry fresh = s_entry with { State = RdmaQueuePairState.Init, RemoteNumber = 0, SendSequence = 0, ReceiveSequence = 0 };
        Look(fresh);
        Assert.Equal((null, null), (Look(fresh).Sent, Look(fresh).Received));
        Look(fresh with { State = RdmaQueuePairState.RTR, RemoteNumber = 18, ReceiveSequence = 5000 });
        Look(s_entry with { ReceiveSequence = 5002 });
        TrackedQueuePair pair = Look(s_entry with { SendSequence = 1005, ReceiveSequence = 5003 });
        Assert.Equal((5UL, 3UL), (pair.Sent, pair.Received));
        Look(fresh with { State = RdmaQueuePairState.Reset, RemoteNumber = 18 });
        pair = Look(s_entry with { SendSequence = 700_000, ReceiveSequence = 800_000 });
        Assert.Equal((0UL, 0UL), (pair.Sent, pair.Received));
    }

    [Fact]
    public void An_error_state_keeps_what_was_counted()
    {
        Look(s_entry);
        Look(s_entry with { SendSequence = 1010 });
        TrackedQueuePair pair = Look(s_entry with { SendSequence = 1010, State = RdmaQueuePairState.Error });
        Assert.Equal((10UL, RdmaQueuePairState.Error), (pair.Sent, pair.Entry.State));
    }

    [Fact]
    public void Types_without_sequence_numbers_have_none()
    {
        QueuePairEntry datagram = s_entry with { Type = RdmaQueuePairType.UD, RemoteNumber = null, ReceiveSequence = null };
        Look(datagram);
        TrackedQueuePair pair = Look(datagram with { SendSequence = 1500 });
        Assert.Equal((null, null, false), (pair.Sent, pair.Received, pair.IsConnected));
    }

    [Fact]
    public void Of_several_entries_with_a_number_the_last_counts()
    {
        Look(s_entry);
        LookAt([s_entry with { SendSequence = 1001 }, s_entry with { SendSequence = 1003 }]);
        Assert.Equal(3UL, Assert.Single(_tracker.All).Sent);
    }

    [Fact]
    public void A_look_at_some_leaves_the_others_alone()
    {
        QueuePairEntry other = s_entry with { Number = 20 };
        LookAt([s_entry, other]);
        _seconds++;
        _tracker.Take(Device, [s_entry with { SendSequence = 1002 }], Paths(null), Now, (_, _) => Slow);
        Assert.Equal([2UL, null], _tracker.All.OrderBy(pair => pair.Entry.Number).Select(pair => pair.Sent));
        Assert.Equal([(20, 1)], _tracker.Missing(Device, [s_entry]));
    }

    [Fact]
    public void Another_device_with_the_same_numbers_is_another_matter()
    {
        LookAt([s_entry]);
        _tracker.Look(Device + 1, [s_entry with { Device = "mlx5_1" }], Paths(null), Now, (_, _) => Slow);
        LookAt([]);
        Assert.Equal("mlx5_1", Assert.Single(_tracker.All).Entry.Device);
        _tracker.Keep(new HashSet<int>());
        Assert.Empty(_tracker.All);
    }

    [Theory]
    [InlineData(1, 8_000_000, false)]
    [InlineData(1, 9_000_000, true)]
    [InlineData(8, 1_000_000, false)]
    [InlineData(9, 1_000_000, true)]
    public void It_is_ambiguous_where_half_of_the_numbers_can_have_passed_between_two_looks(
        double seconds, double packetsPerSecond, bool ambiguous)
    {
        Look(s_entry);
        _seconds += seconds;
        _tracker.Look(Device, [s_entry with { SendSequence = 2000 }], Paths(null), Now, (_, _) => packetsPerSecond);
        Assert.Equal(ambiguous, Assert.Single(_tracker.All).IsAmbiguous);
    }

    [Fact]
    public void Bytes_add_up_over_samples_at_what_a_packet_had_in_each()
    {
        Look(s_entry).EndSample();
        Sample(s_entry with { SendSequence = 1010 }, 100);
        Sample(s_entry with { SendSequence = 1030 }, 1000);
        Assert.Equal(21_000, Assert.Single(_tracker.All).SentBytes);
        Sample(s_entry with { SendSequence = 1040 }, null);
        Assert.Equal(21_000, Assert.Single(_tracker.All).SentBytes);
    }

    private void Sample(QueuePairEntry entry, double? bytesPerPacket)
    {
        TrackedQueuePair pair = Look(entry);
        pair.AddBytes(bytesPerPacket);
        pair.EndSample();
    }

    private LookTime Now => new(TimeSpan.FromSeconds(_seconds), TimeSpan.FromSeconds(_seconds));

    private TrackedQueuePair Look(QueuePairEntry entry, QueuePairPath? path = null, double after = 1)
    {
        LookAt([entry], path, after);
        return Assert.Single(_tracker.All);
    }

    private void LookAt(QueuePairEntry[] entries, QueuePairPath? path = null, double after = 1)
    {
        _seconds += after;
        _tracker.Look(Device, entries, Paths(path), Now, (_, _) => Slow);
    }

    private static Dictionary<(uint, uint), QueuePairPath> Paths(QueuePairPath? path) =>
        path is { } pair ? new() { [(pair.Device, pair.Number)] = pair } : [];
}
