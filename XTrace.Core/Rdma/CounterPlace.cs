namespace XTrace.Rdma;

/// <summary>A port with its counters, or a device with those that it has as a whole.</summary>
internal sealed class CounterPlace : IDisposable
{
    private static readonly RdmaCounterSource[] s_sources = Enum.GetValues<RdmaCounterSource>();

    private readonly ListedFolder _self;
    private CounterFolder[] _folders = [];

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

    /// <summary>Its counters that are wanted, by folder and name.</summary>
    internal IEnumerable<CounterFile> Files => _folders.SelectMany(folder => folder.Files);

    /// <summary>Whether it has been looked into before: what a place has from its beginning is no news.</summary>
    internal bool IsKnown { get; private set; }

    /// <summary>Whether one of them is not there any more.</summary>
    internal bool HasGone => Array.Exists(
        _folders, static folder => Array.Exists(folder.Files, static file => file.Status == RdmaCounterStatus.Gone));

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
        IsKnown = true;
        return changed;
    }

    /// <summary>Closes its files; the next read opens them again.</summary>
    public void Dispose()
    {
        _self.Dispose();
        Array.ForEach(_folders, folder => folder.Dispose());
    }

    public override string ToString() => PortFolder is { } port ? $"{Device}/{port.Number}" : Device;

    /// <returns>Whether a folder with counters has gone; a new one has none yet.</returns>
    private bool FindFolders(CounterFinding finding)
    {
        CounterFolder[] before = _folders;
        _folders =
        [
            .. from source in s_sources
               join entry in _self.Entries on CounterCatalogue.FolderOf(source) equals entry.Name
               select Array.Find(before, folder => folder.Entry == entry) ?? new CounterFolder(this, source, entry, _self.Path),
        ];
        CounterFolder[] gone = [.. before.Except(_folders)];
        Array.ForEach(gone, folder => folder.End(finding));
        return gone.Length > 0;
    }
}
