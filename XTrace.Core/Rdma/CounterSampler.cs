namespace XTrace.Rdma;

/// <summary>Samples the counters of devices. The files stay open; a sample reads each from its start again.</summary>
internal sealed class CounterSampler(CounterFilter filter) : IDisposable
{
    /// <summary>How old values of hw_counters may be, in milliseconds: a setting in their folder, which is not ours to write.</summary>
    private const string Lifespan = "lifespan";
    private const string ExtendedOnly = "unicast_rcv_packets"; // drivers/infiniband/core/sysfs.c, pma_attrs_ext
    private const int LongestNumber = 64; // 20 digits, or a word instead of them

    private const int TooManyOpenFiles = 24; // EMFILE, asm-generic/errno-base.h

    private readonly InterfaceFinder _finder = new();
    private readonly HashSet<(string Device, int? Port)> _seen = [];
    private readonly List<CounterFile> _files = [];
    private readonly byte[] _buffer = new byte[LongestNumber];
    private DateTime _timestamp;
    private bool _keepOpen = true;

    /// <summary>Adds the counters of a device that the filter wants; opens none yet.</summary>
    /// <param name="name">The device.</param>
    /// <param name="ports">Only of these ports; without one, of all and of the device as a whole.</param>
    internal void Add(string name, IReadOnlyCollection<int> ports)
    {
        DeviceFolder device = new(name);
        if (ports.Count == 0 && _seen.Add((name, null)))
        {
            AddFolders(device.Path, device.Driver, source => new CounterPlace(name, null, null, source));
        }
        foreach (PortFolder port in device.Ports)
        {
            if ((ports.Count == 0 || ports.Contains(port.Number)) && _seen.Add((name, port.Number)))
            {
                string? netdev = _finder.Find(port, () => GidTable.Read(port.Path)).FirstOrDefault()?.InterfaceAlias;
                AddFolders(port.Path, device.Driver, source => new CounterPlace(name, port.Number, netdev, source));
            }
        }
    }

    internal IReadOnlyList<CounterFile> Files => _files;

    /// <summary>Reads all; one that fails says so itself.</summary>
    internal void Sample()
    {
        _timestamp = DateTime.Now;
        foreach (CounterFile file in _files)
        {
            file.Read(_buffer, _keepOpen);
            if (file.ErrorCode == TooManyOpenFiles && _keepOpen)
            {
                // Leave descriptors to the rest of the process, and open each file for its read from now on.
                _keepOpen = false;
                Dispose();
                file.Read(_buffer, _keepOpen);
            }
        }
    }

    /// <summary>The last sample.</summary>
    /// <param name="wanted">Which of them; null for all.</param>
    internal IEnumerable<RdmaCounter> Counters(Func<CounterFile, bool>? wanted = null) =>
        (wanted is null ? _files : _files.Where(wanted)).Select(file => file.ToCounter(_timestamp));

    public void Dispose() => _files.ForEach(file => file.Dispose());

    private void AddFolders(string folder, string? driver, Func<RdmaCounterSource, CounterPlace> placeOf)
    {
        foreach (RdmaCounterSource source in Enum.GetValues<RdmaCounterSource>())
        {
            string path = Path.Combine(folder, CounterCatalogue.FolderOf(source));
            string[] names = Sysfs.Names(path);
            bool hasExtended = names.Contains(ExtendedOnly);
            CounterPlace place = placeOf(source);
            foreach (string name in names.Where(name => name != Lifespan))
            {
                CounterInfo info = CounterCatalogue.Find(source, name, driver, hasExtended);
                if (filter.Wants(name, info))
                {
                    _files.Add(new CounterFile(place, name, Path.Combine(path, name), info));
                }
            }
        }
    }
}
