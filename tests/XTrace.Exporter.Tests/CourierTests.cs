using XTrace.Flows;

namespace XTrace.Exporter.Tests;

/// <summary>What happens to a parcel whose delivery ends in an error.</summary>
public sealed class CourierTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    /// <summary>.NET says OutOfMemoryException if the kernel has no memory for a connection.</summary>
    [Fact]
    public void A_parcel_waits_while_the_kernel_has_no_memory_for_a_connection()
    {
        using FailsOnce delivery = new(new InsufficientMemoryException());
        using Courier courier = new("output", 1 << 20, delivery);
        courier.Start();
        courier.Add(new Parcel(new byte[100], 1, new RecordCount(1, new FrameCount(10, 1000))));
        Assert.True(delivery.HasDelivered.Wait(s_patience), "the parcel was not tried again");
        courier.Finish(s_patience);
        Assert.Equal(2, delivery.Attempts);
        Assert.True(courier.Health.IsConnected);
        Assert.Equal(1UL, courier.Health.Failures);
        Assert.Equal(1UL, courier.Health.Messages);
    }

    /// <summary>Fails with an error, and takes all parcels from then on.</summary>
    private sealed class FailsOnce(Exception error) : IDelivery
    {
        internal int Attempts { get; private set; }

        internal ManualResetEventSlim HasDelivered { get; } = new();

        public void Deliver(in Parcel parcel)
        {
            if (++Attempts == 1)
            {
                throw error;
            }
            HasDelivered.Set();
        }

        public IReadOnlyList<Parcel> TakeBack() => [];

        public void Close(TimeSpan patience)
        {
        }

        public void Dispose() => HasDelivered.Dispose();
    }
}
