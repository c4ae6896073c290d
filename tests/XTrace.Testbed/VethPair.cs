namespace XTrace.Testbed;

/// <summary>
/// Two network namespaces and a quiet veth pair between them: nothing travels on it but what is sent. One end is
/// watched; frames leave from the other, the peer.
/// </summary>
public sealed class VethPair : IDisposable
{
    private const string PinRoot = "/sys/fs/bpf/xtrace";

    private static int s_count;

    private readonly NetNamespace? _watched;
    private readonly NetNamespace _peer;
    private readonly PacketSocket _socket;
    private readonly string _pins;

    /// <param name="watchedEndHere">Put the watched end into the current namespace, for a process that cannot move.</param>
    public VethPair(bool watchedEndHere = false)
    {
        string id = $"{Environment.ProcessId}-{Interlocked.Increment(ref s_count)}";
        Interface = $"xtw{id}";
        PeerInterface = $"xtp{id}";
        _watched = watchedEndHere ? null : new NetNamespace($"xt-{id}-a");
        _peer = new NetNamespace($"xt-{id}-b");
        Run(() => Command.Run("ip", "link", "add", Interface, "type", "veth", "peer", "name", PeerInterface, "netns", PeerNamespace));
        Run(() => BringUp(Interface));
        _socket = _peer.Run(() =>
        {
            BringUp(PeerInterface);
            return new PacketSocket(PeerInterface);
        });
        string inode = Run(() => new FileInfo("/proc/thread-self/ns/net").LinkTarget!).Split('[', ']')[1];
        _pins = $"{PinRoot}/{inode}";
    }

    /// <summary>The watched end's namespace; null when it is the current one.</summary>
    public string? Namespace => _watched?.Name;

    public const string Address = "10.7.7.1";

    public const string PeerAddress = "10.7.7.2";

    /// <summary>The watched end.</summary>
    public string Interface { get; }

    public string PeerNamespace => _peer.Name;

    public string PeerInterface { get; }

    /// <summary>Sends a frame from the peer, exactly so often.</summary>
    public void Send(byte[] frame, int count = 1) => Send(Enumerable.Repeat(frame, count));

    /// <summary>Sends frames from the peer, each once.</summary>
    public void Send(IEnumerable<byte[]> frames)
    {
        _socket.AwaitQueue();
        foreach (byte[] frame in frames)
        {
            _socket.Send(frame);
        }
    }

    /// <summary>Runs something in the watched end's namespace.</summary>
    public T Run<T>(Func<T> function) => _watched is null ? function() : _watched.Run(function);

    /// <summary>Runs something in the watched end's namespace.</summary>
    public void Run(Action action) => Run(() =>
    {
        action();
        return true;
    });

    /// <summary>Runs something in the peer's namespace.</summary>
    public T RunAtPeer<T>(Func<T> function) => _peer.Run(function);

    /// <summary>Gives both ends an address: 10.7.7.1 the watched one, 10.7.7.2 the peer.</summary>
    public void AddAddresses()
    {
        Run(() => Command.Run("ip", "address", "add", $"{Address}/24", "dev", Interface));
        RunAtPeer(() => Command.Run("ip", "address", "add", $"{PeerAddress}/24", "dev", PeerInterface));
    }

    /// <summary>What the kernel counts: <c>rx</c> at the watched end, or <c>tx</c> at the peer.</summary>
    public (ulong Packets, ulong Bytes) ReadCounters(string which) => which switch
    {
        "rx" => Run(() => LinkCounters.Read(Interface, which)),
        "tx" => RunAtPeer(() => LinkCounters.Read(PeerInterface, which)),
        _ => throw new ArgumentException("Counters are rx or tx.", nameof(which)),
    };

    public void Dispose()
    {
        _socket.Dispose();
        if (Run(() => Libc.if_nametoindex(Interface)) != 0)
        {
            Run(() => Command.Run("ip", "link", "del", Interface));
        }
        _watched?.Dispose();
        _peer.Dispose();
        RemovePins();
    }

    /// <summary>
    /// Removes pins that are left: all of them where the pair has a watched namespace of its own, which goes too. Elsewhere it removes
    /// the interface's points, and the monitors that had no others.
    /// </summary>
    private void RemovePins()
    {
        if (_watched is not null)
        {
            if (Directory.Exists(_pins))
            {
                Directory.Delete(_pins, recursive: true);
            }
            return;
        }
        // Others start and stop monitors here at the same time: only what is this interface's is touched.
        foreach (string point in Points($"*:{Interface}"))
        {
            string monitor = Path.GetDirectoryName(point)!;
            File.Delete(point);
            if (Directory.GetFiles(monitor, "*:*").Length == 0)
            {
                Directory.Delete(monitor, recursive: true);
            }
        }
    }

    private string[] Points(string pattern)
    {
        try
        {
            return Directory.GetFiles(_pins, pattern, SearchOption.AllDirectories);
        }
        catch (DirectoryNotFoundException)
        {
            return []; // Nothing was pinned, or the last monitor of somebody else has just gone.
        }
    }

    private static void BringUp(string name)
    {
        // /proc/sys/net shows the namespace of the thread that looks.
        File.WriteAllText($"/proc/sys/net/ipv6/conf/{name}/disable_ipv6", "1");
        Command.Run("ethtool", "-K", name, "txvlan", "off");
        Command.Run("ip", "link", "set", name, "up");
    }
}
