using XTrace.Bpf;
using XTrace.Messages;
using XTrace.Net;

namespace XTrace.Rdma;

/// <summary>
/// Samples counters. What is there is found again at each sample, and files stay open from one to the next: a sample reads
/// each from its start again, and opens only what is new.
/// </summary>
internal sealed class CounterSampler : IDisposable
{
    private const int LongestNumber = 64; // 20 digits, or a word instead of them
    private const int FoldersOfSample = 48; // those of eight devices

    private readonly CounterSelection _selection;
    private readonly Action<Notice> _report;
    private readonly CounterFinding _finding;
    private readonly ListedFolder _class = new(Sysfs.InfiniBand);
    private readonly ListedFolder _net = new(Sysfs.Net);
    private readonly SortedList<string, CounterDevice> _devices = new(NaturalOrder.Instance);
    private readonly byte[] _buffer = new byte[LongestNumber];
    private CounterDevice[] _all = [];
    private CounterPlace[] _places = [];
    private CounterFile[] _files = [];
    private int _turn;
    private bool _isOpen;

    /// <param name="selection">What is wanted.</param>
    /// <param name="report">Receives counters that come or go, and folders that cannot be listed.</param>
    /// <exception cref="XTraceException">The environment's XTRACE_SYSFS_ROOT names no sysfs.</exception>
    internal CounterSampler(CounterSelection selection, Action<Notice> report)
    {
        (_selection, _report) = (selection, report);
        _finding = new CounterFinding(selection.Filter, report, CloseFiles);
    }

    /// <summary>The wanted devices that are there; with network interfaces, those that use one of them.</summary>
    internal IEnumerable<string> Devices =>
        _all.Where(device => device.Places.Length > 0 || _selection.Interfaces.Count == 0).Select(device => device.Entry.Name);

    /// <summary>Ports, and devices as a whole, by device and number.</summary>
    internal IReadOnlyList<CounterPlace> Places => _places;

    /// <summary>All their counters that are wanted.</summary>
    internal IReadOnlyList<Counter> Counters { get; private set; } = [];

    /// <summary>Looks for devices, ports and counters that are new or gone.</summary>
    internal void Find()
    {
        _finding.Begin();
        _finding.IsTelling = _isOpen;
        bool changed = _finding.Refresh(_class);
        if (changed)
        {
            FindDevices();
        }
        if (_finding.Refresh(_net) && _isOpen)
        {
            FindInterfaces();
            changed = true;
        }
        if (FindInDevices() | changed)
        {
            _places = [.. _all.SelectMany(device => device.Places)];
            _files = [.. Places.SelectMany(place => place.Files)];
            Counters = [.. Places.SelectMany(place => place.Counters)];
        }
        if (!_isOpen)
        {
            _isOpen = true;
            TellMissing();
        }
    }

    /// <summary>
    /// Looks into devices until enough folders were listed. On large machines they take turns; what has changed waits for none.
    /// </summary>
    private bool FindInDevices()
    {
        bool changed = false;
        int first = _turn;
        for (int i = 0; i < _all.Length; i++)
        {
            CounterDevice device = _all[(first + i) % _all.Length];
            bool hasTurn = _finding.Listed < FoldersOfSample;
            _turn += hasTurn ? 1 : 0;
            if (hasTurn || device.IsChanged)
            {
                changed |= device.Find(_finding);
            }
        }
        _turn = _all.Length == 0 ? 0 : _turn % _all.Length;
        return changed;
    }

    /// <summary>Reads all; one that fails says so itself.</summary>
    internal void Read()
    {
        foreach (CounterFile file in _files)
        {
            file.Read(_buffer, _finding.KeepOpen);
            if (file.ErrorCode == Errnos.EMFILE && _finding.KeepOpen)
            {
                _finding.StopKeepingOpen();
                file.Read(_buffer, _finding.KeepOpen);
            }
        }
        foreach (CounterPlace place in _places)
        {
            place.ReadGroups();
        }
    }

    public void Dispose()
    {
        CloseFiles();
        _finding.Dispose();
    }

    private void CloseFiles()
    {
        _class.Dispose();
        _net.Dispose();
        foreach (CounterDevice device in _devices.Values)
        {
            device.Dispose();
        }
    }

    private void FindDevices()
    {
        Dictionary<string, FolderEntry> there = _class.Entries.ToDictionary(entry => entry.Name);
        Dictionary<string, IReadOnlyCollection<int>> wanted = Wanted([.. there.Keys]);
        bool HasEnded(CounterDevice device) =>
            !wanted.ContainsKey(device.Entry.Name) || there[device.Entry.Name] != device.Entry;
        foreach (CounterDevice device in _all.Where(HasEnded))
        {
            _devices.Remove(device.Entry.Name);
            device.Dispose();
            if (!wanted.ContainsKey(device.Entry.Name))
            {
                _finding.Tell(RdmaMessages.DeviceGone, device.Entry.Name);
            }
        }
        foreach ((string name, IReadOnlyCollection<int> ports) in wanted.Where(device => !_devices.ContainsKey(device.Key)))
        {
            _devices.Add(name, new CounterDevice(there[name], ports, _selection));
            _finding.Tell(RdmaMessages.DeviceAppeared, name);
        }
        _all = [.. _devices.Values];
    }

    /// <summary>
    /// The wanted ones of these devices, with the ports that are wanted; no ports for all of them and the device as a whole.
    /// </summary>
    private Dictionary<string, IReadOnlyCollection<int>> Wanted(IReadOnlyCollection<string> there)
    {
        Dictionary<string, IReadOnlyCollection<int>> wanted = [];
        foreach (RdmaTarget target in _selection.Targets)
        {
            foreach (string name in target.Device.Choose(there, device => device))
            {
                bool all = target.Ports.Count == 0 || (wanted.TryGetValue(name, out IReadOnlyCollection<int>? ports) && ports.Count == 0);
                wanted[name] = all ? [] : [.. wanted.GetValueOrDefault(name, []), .. target.Ports];
            }
        }
        foreach (RdmaTarget target in _selection.Excluded)
        {
            foreach (string name in target.Device.Choose([.. wanted.Keys], device => device))
            {
                Exclude(name, target.Ports, wanted);
            }
        }
        return wanted;
    }

    /// <summary>Leaves out a device, or some of its ports.</summary>
    private static void Exclude(string name, IReadOnlyCollection<int> ports, Dictionary<string, IReadOnlyCollection<int>> wanted)
    {
        IEnumerable<int> before = wanted[name].Count > 0 ? wanted[name] : RdmaDevices.PortsOf([name]).Select(port => port.Number);
        int[] left = ports.Count == 0 ? [] : [.. before.Except(ports)];
        if (left.Length > 0)
        {
            wanted[name] = left;
        }
        else
        {
            wanted.Remove(name);
        }
    }

    /// <summary>
    /// Looks again for those of ports whose network interface has gone, that have none, or that may now have one that is wanted.
    /// </summary>
    private void FindInterfaces()
    {
        HashSet<string> there = [.. _net.Entries.Select(entry => entry.Name)];
        foreach (CounterDevice device in _all)
        {
            device.FindInterfaces(_finding, port => _selection.Interfaces.Count > 0
                || port.Interfaces.Count == 0
                || port.Interfaces.Any(netdev => !there.Contains(netdev.InterfaceAlias)));
        }
    }

    /// <summary>Reports names that match nothing.</summary>
    private void TellMissing()
    {
        if (_class.IsUnreadable)
        {
            return; // which is told already
        }
        if (_class.Entries.Count == 0)
        {
            _report(new Notice(NoticeLevel.Detail, RdmaMessages.NothingThere, null, Sysfs.InfiniBand));
        }
        string[] names = [.. _class.Entries.Select(entry => entry.Name)];
        foreach (RdmaTarget target in _selection.Targets.DistinctBy(target => $"{target.Device}"))
        {
            if (target.Device.IsExact && target.Device.Choose(names, name => name).Count == 0)
            {
                _report(new Notice(RdmaDevices.NotFound(target.Device.Name!)));
            }
        }
        if (_devices.Count > 0)
        {
            TellMissingPorts();
            TellMissingInterfaces();
            TellMissingCounters();
        }
    }

    private void TellMissingPorts()
    {
        HashSet<int> there = [.. _devices.Values.SelectMany(device => device.PortNumbers)];
        foreach (int port in _selection.Targets.SelectMany(target => target.Ports).Distinct().Where(port => !there.Contains(port)))
        {
            string ports = string.Join(", ", RdmaDevices.PortsOf(_devices.Keys));
            _report(new Notice(new XTraceException(RdmaMessages.PortNotFound, port, port, string.Join(", ", _devices.Keys), ports)));
        }
    }

    private void TellMissingInterfaces()
    {
        string[] used = [.. Places.SelectMany(place => place.Interfaces).Select(netdev => netdev.InterfaceAlias)];
        foreach (NamePattern pattern in _selection.Interfaces.Where(pattern => pattern.IsExact && !used.Any(pattern.IsMatch)))
        {
            InterfaceFinder finder = new();
            IEnumerable<string> there = RdmaDevices.PortsOf(_class.Entries.Select(entry => entry.Name)).Select(port =>
                $"{port.Device} ({string.Join(' ', finder.Find(port, () => GidTable.Read(port.Path)))})");
            _report(new Notice(new XTraceException(RdmaMessages.InterfaceNotFound, $"{pattern}", pattern, string.Join(", ", there))));
        }
    }

    private void TellMissingCounters()
    {
        bool IsMissing(NamePattern pattern) => pattern.IsExact && !Counters.Any(counter => pattern.IsMatch(counter.Name));
        foreach (NamePattern pattern in _selection.Filter.Names.Where(IsMissing))
        {
            if (_places.Length > 0)
            {
                _report(new Notice(new XTraceException(
                    RdmaMessages.CounterNotFound, pattern.Name, pattern.Name, string.Join(", ", _devices.Keys))));
            }
        }
    }
}
