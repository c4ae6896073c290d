using System.Globalization;
using XTrace.Messages;
using XTrace.Net;

namespace XTrace.Rdma;

/// <summary>A selected device, with its selected ports.</summary>
internal sealed class CounterDevice : IDisposable
{
    private readonly DeviceFolder _device;
    private readonly string? _driver;
    private readonly ListedFolder _ports;
    private readonly IReadOnlyCollection<int> _wantedPorts;
    private readonly IReadOnlyCollection<NamePattern> _wantedInterfaces;
    private readonly CounterPlace? _whole;
    private readonly Dictionary<FolderEntry, CounterPlace> _all = []; // with those of other network interfaces
    private bool _isKnown; // what it had from its beginning is no news
    private bool _mustLook = true;

    /// <param name="entry">Its entry in the class folder.</param>
    /// <param name="ports">Only these ports; without one, all of them and the device as a whole.</param>
    /// <param name="selection">Says of which network interfaces the ports are to be, and whether the device as a whole is left out.</param>
    internal CounterDevice(FolderEntry entry, IReadOnlyCollection<int> ports, CounterSelection selection)
    {
        (Entry, _wantedPorts, _wantedInterfaces) = (entry, ports, selection.Interfaces);
        _device = new DeviceFolder(entry.Name);
        _driver = _device.Driver;
        _ports = new ListedFolder(Path.Combine(_device.Path, PortFolder.FolderName));
        _whole = ports.Count == 0 && selection.Interfaces.Count == 0 && !selection.PortsOnly ? new CounterPlace(_device) : null;
    }

    internal FolderEntry Entry { get; }

    /// <summary>Its selected parts: the device as a whole first, then the ports by number.</summary>
    internal CounterPlace[] Places { get; private set; } = [];

    /// <summary>Whether it has to be looked at: it is new, or has a counter that could be read before and is not there any more.</summary>
    internal bool IsChanged => _mustLook || Array.Exists(Places, static place => place.HasGone);

    /// <summary>Those of its ports that were asked for by number, or all.</summary>
    internal IEnumerable<int> PortNumbers => _all.Values.Select(port => port.Port!.Value);

    /// <summary>Looks for ports and counters that are new or gone.</summary>
    /// <param name="finding">How to look, and whom to tell.</param>
    /// <returns>Whether there are any.</returns>
    internal bool Find(CounterFinding finding)
    {
        bool changed = finding.Refresh(_ports);
        if (changed || _mustLook)
        {
            FindPorts(finding);
            Choose();
        }
        (_isKnown, _mustLook) = (true, false);
        foreach (CounterPlace place in Places)
        {
            changed |= place.Find(finding);
        }
        return changed;
    }

    /// <summary>Looks again for the network interfaces of ports that may have others.</summary>
    internal void FindInterfaces(CounterFinding finding, Predicate<CounterPlace> mayHaveOthers)
    {
        foreach (CounterPlace port in _all.Values.Where(port => mayHaveOthers(port)))
        {
            port.FindInterfaces(finding.Finder);
        }
        Choose();
        _mustLook = true;
    }

    /// <summary>Closes its files. A file that is read or listed again is opened again.</summary>
    public void Dispose()
    {
        _ports.Dispose();
        _whole?.Dispose();
        foreach (CounterPlace port in _all.Values)
        {
            port.Dispose();
        }
    }

    private bool IsWanted(CounterPlace port) =>
        _wantedInterfaces.Count == 0 || port.Interfaces.Any(
            netdev => _wantedInterfaces.Any(pattern => pattern.IsMatch(netdev.InterfaceAlias)));

    private void Choose() => Places =
        [.. _whole is null ? [] : new[] { _whole }, .. _all.Values.Where(IsWanted).OrderBy(port => port.Port)];

    private void FindPorts(CounterFinding finding)
    {
        HashSet<FolderEntry> there = [.. _ports.Entries];
        foreach ((FolderEntry entry, CounterPlace port) in _all.Where(known => !there.Contains(known.Key)).ToArray())
        {
            _all.Remove(entry);
            port.Dispose();
            if (IsWanted(port))
            {
                finding.Tell(RdmaMessages.PortGone, port);
            }
        }
        foreach (FolderEntry entry in _ports.Entries.Where(entry => !_all.ContainsKey(entry)))
        {
            if (int.TryParse(entry.Name, NumberStyles.None, CultureInfo.InvariantCulture, out int number)
                && (_wantedPorts.Count == 0 || _wantedPorts.Contains(number)))
            {
                CounterPlace port = new(new PortFolder(_device.Name, number, Path.Combine(_ports.Path, entry.Name)), _driver);
                port.FindInterfaces(finding.Finder);
                _all.Add(entry, port);
                if (_isKnown && IsWanted(port))
                {
                    finding.Tell(RdmaMessages.PortAppeared, port);
                }
            }
        }
    }
}
