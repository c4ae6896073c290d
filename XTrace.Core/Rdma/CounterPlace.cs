namespace XTrace.Rdma;

/// <summary>A port with its counters, or a device with those that it has as a whole.</summary>
internal sealed class CounterPlace : IDisposable
{
    private static readonly RdmaCounterSource[] s_ownFolders =
    [
        RdmaCounterSource.Counters, RdmaCounterSource.CountersExt, RdmaCounterSource.HwCounters, RdmaCounterSource.DiagCounters,
    ];

    private readonly ListedFolder _self;
    private CounterFolder[] _folders = [];
    private CounterFolder[] _carriers = [];
    private CounterGroup[] _groups = [];
    private bool _hasOtherInterfaces;

    private CounterPlace(string device, PortFolder? port, string path, string? driver) =>
        (Device, PortFolder, Driver, _self) = (device, port, driver, new ListedFolder(path));

    /// <summary>A port.</summary>
    internal CounterPlace(PortFolder port, string? driver)
        : this(port.Device, port, port.Path, driver)
    {
    }

    /// <summary>A device as a whole.</summary>
    internal CounterPlace(DeviceFolder device)
        : this(device.Name, null, device.Path, device.Driver)
    {
    }

    internal string Device { get; }

    /// <summary>The port; null for a device as a whole.</summary>
    internal PortFolder? PortFolder { get; }

    internal int? Port => PortFolder?.Number;

    internal string? Driver { get; }

    /// <summary>The port's network interfaces, the surest first.</summary>
    internal IReadOnlyList<RdmaInterface> Interfaces { get; private set; } = [];

    /// <summary>Its counters in sysfs that are wanted, by folder and name.</summary>
    internal IEnumerable<CounterFile> Files => _folders.Concat(_carriers).SelectMany(folder => folder.Files);

    /// <summary>All its counters that are wanted.</summary>
    internal IEnumerable<Counter> Counters => Files.Concat<Counter>(_groups.SelectMany(group => group.Counters));

    /// <summary>Whether it has been looked into before: what a place has from its beginning is no news.</summary>
    internal bool IsKnown { get; private set; }

    /// <summary>Whether one of them is not there any more.</summary>
    internal bool HasGone => Array.Exists(
        _folders, static folder => Array.Exists(folder.Files, static file => file.Status == RdmaCounterStatus.Gone))
        || Array.Exists(
            _groups, static group => Array.Exists(group.Counters, static counter => counter.Status == RdmaCounterStatus.Gone));

    /// <summary>
    /// Whether the catalogue knows all counters of this driver, and every folder could be listed: then what is not there is
    /// not counted.
    /// </summary>
    internal bool IsComplete => CounterCatalogue.Knows(Driver) && !_self.IsUnreadable && _folders.All(folder => folder.IsComplete);

    /// <summary>Looks for its network interfaces.</summary>
    internal void FindInterfaces(InterfaceFinder finder)
    {
        if (PortFolder is { } port)
        {
            Interfaces = [.. finder.Find(port, () => GidTable.Read(port.Path))];
            _hasOtherInterfaces = true;
        }
    }

    /// <summary>Looks for counters that are new or gone.</summary>
    /// <returns>Whether there are any.</returns>
    internal bool Find(CounterFinding finding)
    {
        bool changed = finding.Refresh(_self) && FindFolders(finding);
        foreach (CounterFolder folder in _folders)
        {
            changed |= folder.Find(finding);
        }
        changed |= _hasOtherInterfaces && FindGroups(finding);
        _hasOtherInterfaces = false;
        foreach (CounterFolder carrier in _carriers)
        {
            changed |= carrier.Find(finding);
        }
        foreach (CounterGroup group in _groups)
        {
            changed |= group.Find(finding);
        }
        IsKnown = true;
        return changed;
    }

    /// <summary>Reads the counters that the kernel hands out together.</summary>
    internal void ReadGroups() => Array.ForEach(_groups, group => group.Read());

    /// <summary>Closes its files; the next read opens them again.</summary>
    public void Dispose()
    {
        _self.Dispose();
        Array.ForEach(_folders, folder => folder.Dispose());
        Array.ForEach(_carriers, folder => folder.Dispose());
    }

    public override string ToString() => PortFolder is { } port ? $"{Device}/{port.Number}" : Device;

    /// <returns>Whether a folder with counters has gone; a new one has none yet.</returns>
    private bool FindFolders(CounterFinding finding)
    {
        CounterFolder[] before = _folders;
        _folders =
        [
            .. from source in s_ownFolders
               join entry in _self.Entries on CounterCatalogue.FolderOf(source) equals entry.Name
               select Array.Find(before, folder => folder.Entry == entry) ?? new CounterFolder(this, source, entry, _self.Path),
        ];
        CounterFolder[] gone = [.. before.Except(_folders)];
        Array.ForEach(gone, folder => folder.End(finding));
        return gone.Length > 0;
    }

    /// <returns>Whether something with counters has gone; what is new has none yet.</returns>
    private bool FindGroups(CounterFinding finding)
    {
        (CounterFolder[] carriers, CounterGroup[] groups) = (_carriers, _groups);
        string[] interfaces = Interfaces is [{ InterfaceAlias: var name }, ..] ? InterfacesIn(name) : [];
        _carriers = finding.Filter.Wants(RdmaCounterSource.Carrier)
            ? [.. interfaces.Select(name => Array.Find(carriers, carrier => carrier.Entry.Name == name) ?? Carrier(name))]
            : [];
        _groups = [.. Statistics(interfaces, finding)];
        CounterFolder[] goneCarriers = [.. carriers.Except(_carriers)];
        CounterGroup[] gone = [.. groups.Except(_groups)];
        Array.ForEach(goneCarriers, carrier => carrier.End(finding));
        Array.ForEach(gone, group => group.End(finding));
        return goneCarriers.Length + gone.Length > 0;
    }

    private CounterFolder Carrier(string name) =>
        new(this, RdmaCounterSource.Carrier, new FolderEntry(name, 0), Sysfs.Net, name);

    private IEnumerable<CounterGroup> Statistics(string[] interfaces, CounterFinding finding)
    {
        if (PortFolder is { Number: var number } && Sysfs.IsLive && finding.Filter.Wants(RdmaCounterSource.Optional))
        {
            yield return _groups.OfType<OptionalCounters>().FirstOrDefault() ?? new OptionalCounters(this, number, finding.Statistics);
        }
        if (finding.Filter.Wants(RdmaCounterSource.Ethtool))
        {
            foreach (string name in interfaces.Where(name => Sysfs.IsHere(name, finding.Ethtool)))
            {
                yield return _groups.OfType<EthtoolCounters>().FirstOrDefault(counters => counters.InterfaceAlias == name)
                    ?? new EthtoolCounters(this, name, finding.Ethtool);
            }
        }
    }

    /// <summary>A bond has no statistics of its own: those in it do.</summary>
    private static string[] InterfacesIn(string name) =>
        SysfsFile.ReadText(Path.Combine(Sysfs.Net, name, "bonding/slaves")) is { } names ? names.Split(' ') : [name];
}
