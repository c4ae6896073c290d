using System.Diagnostics;

namespace XTrace.Exporter;

/// <summary>A message that an output has made ready, and the records in it.</summary>
/// <param name="Content">The message; nobody else uses it from then on.</param>
/// <param name="Items">How many things are in it, as its delivery counts them.</param>
/// <param name="Records">The flow records in it.</param>
internal readonly record struct Parcel(Memory<byte> Content, int Items, RecordCount Records);

/// <summary>How an output's parcels reach whom they are for. All is called on the courier's thread.</summary>
internal interface IDelivery : IDisposable
{
    /// <summary>Hands a parcel over; connects first where that is needed.</summary>
    /// <exception cref="IOException">It failed, and the same parcel is to be tried again later.</exception>
    /// <exception cref="ParcelRefusedException">The parcel will never be taken, and is to be given up.</exception>
    void Deliver(in Parcel parcel);

    /// <summary>Parcels that were delivered on a connection that ended before they had arrived. Often none.</summary>
    IReadOnlyList<Parcel> TakeBack();

    /// <summary>Ends the connection in good order. It waits at most this long until all has arrived.</summary>
    void Close(TimeSpan patience);
}

/// <summary>
/// Delivers an output's parcels in their order, on a thread of its own. Parcels that cannot be delivered wait in a buffer, and are
/// tried again after a second, two, four, up to half a minute. When the buffer is full, the oldest parcel is given up
/// and counted.
/// </summary>
internal sealed class Courier : IDisposable
{
    private static readonly TimeSpan s_shortest = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_longest = TimeSpan.FromSeconds(30);

    private readonly string _name;
    private readonly long _capacity;
    private readonly IDelivery _delivery;
    private readonly Thread _thread;
    private readonly LinkedList<Parcel> _waiting = [];
    private readonly ManualResetEventSlim _hurry = new();
    private OutputHealth _health = new() { IsConnected = true };
    private bool _isClosing;

    /// <param name="name">The output's name.</param>
    /// <param name="capacity">Bytes that may wait.</param>
    /// <param name="delivery">How parcels are delivered; this disposes it.</param>
    internal Courier(string name, long capacity, IDelivery delivery)
    {
        (_name, _capacity, _delivery) = (name, capacity, delivery);
        _thread = new Thread(Work) { IsBackground = true, Name = name };
    }

    /// <summary>How it fares.</summary>
    internal OutputHealth Health
    {
        get
        {
            lock (_waiting)
            {
                return _health;
            }
        }
    }

    internal void Start() => _thread.Start();

    /// <summary>Takes a parcel, and never waits.</summary>
    internal void Add(in Parcel parcel)
    {
        lock (_waiting)
        {
            _waiting.AddLast(parcel);
            CountWaiting(parcel, isAdded: true);
            MakeRoom();
            Monitor.Pulse(_waiting);
        }
    }

    /// <summary>Delivers the remaining parcels for at most this long. The rest is given up.</summary>
    internal void Finish(TimeSpan patience)
    {
        lock (_waiting)
        {
            _isClosing = true;
            Monitor.Pulse(_waiting);
        }
        _hurry.Set();
        long start = Stopwatch.GetTimestamp();
        if (_thread.Join(patience))
        {
            TimeSpan left = patience - Stopwatch.GetElapsedTime(start);
            _delivery.Close(left > TimeSpan.Zero ? left : TimeSpan.Zero);
            lock (_waiting)
            {
                QueueAgain();
            }
        }
        lock (_waiting)
        {
            while (_waiting.Count > 0)
            {
                GiveUpOldest();
            }
        }
    }

    public void Dispose()
    {
        // What is still under way ends with the process.
        if (!_thread.IsAlive)
        {
            _delivery.Dispose();
        }
    }

    private void Work()
    {
        TimeSpan pause = s_shortest;
        while (TryPeek(out LinkedListNode<Parcel>? next))
        {
            try
            {
                _delivery.Deliver(next.Value);
                Succeed(next);
                pause = s_shortest;
            }
            catch (ParcelRefusedException error)
            {
                Refuse(next, error);
            }
            catch (Exception error) when (error is IOException or OutOfMemoryException)
            {
                Fail(error);
                // Not all exporters of a fleet come back at once.
                Pause(pause * (0.75 + (Random.Shared.NextDouble() / 2)));
                pause = pause * 2 < s_longest ? pause * 2 : s_longest;
            }
        }
    }

    private bool TryPeek([System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out LinkedListNode<Parcel>? next)
    {
        lock (_waiting)
        {
            while (_waiting.First is null && !_isClosing)
            {
                Monitor.Wait(_waiting);
            }
            next = _waiting.First;
            return next is not null;
        }
    }

    /// <summary>The parcel may have been given up and counted meanwhile, although it was delivered.</summary>
    private void Succeed(LinkedListNode<Parcel> parcel)
    {
        bool isBack;
        lock (_waiting)
        {
            isBack = !_health.IsConnected;
            if (parcel.List is null)
            {
                _health = _health with { GivenUp = _health.GivenUp - parcel.Value.Records };
            }
            else
            {
                _waiting.Remove(parcel);
                CountWaiting(parcel.Value, isAdded: false);
            }
            _health = _health with
            {
                IsConnected = true,
                Sent = _health.Sent + parcel.Value.Records,
                Messages = _health.Messages + 1,
            };
        }
        if (isBack)
        {
            Log.Write(Messages.Back(_name));
        }
    }

    /// <summary>If it has made room meanwhile, it is counted as given up already.</summary>
    private void Refuse(LinkedListNode<Parcel> parcel, ParcelRefusedException error)
    {
        bool isNew;
        lock (_waiting)
        {
            isNew = _health.IsConnected;
            _health = _health with { IsConnected = false, Failures = _health.Failures + 1 };
            if (parcel.List is not null)
            {
                _waiting.Remove(parcel);
                CountWaiting(parcel.Value, isAdded: false);
                _health = _health with { GivenUp = _health.GivenUp + parcel.Value.Records };
            }
        }
        if (isNew)
        {
            Log.Write(Messages.Refused(_name, error.Message));
        }
    }

    private void Fail(Exception error)
    {
        bool isNew;
        lock (_waiting)
        {
            isNew = _health.IsConnected;
            _health = _health with { IsConnected = false, Failures = _health.Failures + 1 };
            QueueAgain();
            MakeRoom();
        }
        if (isNew)
        {
            Log.Write(Messages.Away(_name, error.Message));
        }
    }

    /// <summary>Parcels that have not arrived wait again, before all others.</summary>
    private void QueueAgain()
    {
        foreach (Parcel parcel in _delivery.TakeBack().Reverse())
        {
            _waiting.AddFirst(parcel);
            CountWaiting(parcel, isAdded: true);
            _health = _health with { Sent = _health.Sent - parcel.Records, Messages = _health.Messages - 1 };
        }
    }

    /// <summary>Waits before the next attempt; at the end there is no time to lose.</summary>
    private void Pause(TimeSpan time)
    {
        long start = Stopwatch.GetTimestamp();
        if (_hurry.Wait(time) && Stopwatch.GetElapsedTime(start) < s_shortest)
        {
            Thread.Sleep(100);
        }
    }

    private void MakeRoom()
    {
        while (_health.WaitingBytes > _capacity && _waiting.Count > 1)
        {
            GiveUpOldest();
        }
    }

    private void GiveUpOldest()
    {
        Parcel oldest = _waiting.First!.Value;
        _waiting.RemoveFirst();
        CountWaiting(oldest, isAdded: false);
        _health = _health with { GivenUp = _health.GivenUp + oldest.Records };
    }

    private void CountWaiting(in Parcel parcel, bool isAdded)
    {
        int length = parcel.Content.Length;
        _health = isAdded
            ? _health with { Waiting = _health.Waiting + parcel.Records, WaitingBytes = _health.WaitingBytes + length }
            : _health with { Waiting = _health.Waiting - parcel.Records, WaitingBytes = _health.WaitingBytes - length };
    }
}
