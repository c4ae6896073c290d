using XTrace.Bpf;
using XTrace.Messages;
using XTrace.Net;

namespace XTrace.Rdma;

/// <summary>What all that looks for counters shares: the filter, one buffer, and whom to tell.</summary>
/// <param name="filter">Which counters are wanted.</param>
/// <param name="report">Receives counters that come or go, and folders that cannot be listed.</param>
/// <param name="closeAll">Called when too many files are open for the process; from then on each is opened for its read only.</param>
internal sealed class CounterFinding(CounterFilter filter, Action<Notice> report, Action closeAll) : IDisposable
{
    private Ethtool? _ethtool;
    private RdmaStatistics? _statistics;
    private byte[] _buffer = [];
    private InterfaceFinder? _finder;

    internal CounterFilter Filter => filter;

    /// <summary>Whether files stay open between two reads.</summary>
    internal bool KeepOpen { get; private set; } = true;

    /// <summary>Whether new counters are reported. Those from the start are not.</summary>
    internal bool IsTelling { get; set; }

    /// <summary>Folders listed since <see cref="Begin"/>.</summary>
    internal int Listed { get; private set; }

    /// <summary>Finds the network interfaces of ports, as they are now.</summary>
    internal InterfaceFinder Finder => _finder ??= new InterfaceFinder();

    /// <summary>Asks the drivers of network interfaces.</summary>
    internal Ethtool Ethtool => _ethtool ??= new Ethtool();

    /// <summary>Asks RDMA netlink for optional counters.</summary>
    internal RdmaStatistics Statistics => _statistics ??= new RdmaStatistics();

    public void Dispose()
    {
        _ethtool?.Dispose();
        _statistics?.Dispose();
    }

    /// <summary>Begins to look once more.</summary>
    internal void Begin() => (Listed, _finder) = (0, null);

    /// <summary>Leaves descriptors to the rest of the process.</summary>
    internal void StopKeepingOpen()
    {
        KeepOpen = false;
        closeAll();
    }

    /// <summary>Lists a folder again. A folder that cannot be listed is reported once.</summary>
    /// <returns>Whether something in it has changed.</returns>
    internal bool Refresh(ListedFolder folder)
    {
        Listed++;
        bool changed = folder.Refresh(ref _buffer, KeepOpen);
        if (folder.ErrorCode == Errnos.EMFILE && KeepOpen)
        {
            StopKeepingOpen();
            changed |= folder.Refresh(ref _buffer, KeepOpen);
        }
        if (changed && folder.IsUnreadable)
        {
            report(new Notice(Sysfs.Unreadable(folder.Path, folder.ErrorCode)));
        }
        return changed;
    }

    /// <summary>Tells that something has come or gone.</summary>
    internal void Tell(Message message, object subject)
    {
        if (IsTelling)
        {
            report(new Notice(NoticeLevel.Information, message, subject, $"{subject}"));
        }
    }

    /// <summary>Tells that counters have come or gone, where there are any.</summary>
    internal void Tell(Message message, CounterPlace place, IReadOnlyCollection<Counter> counters)
    {
        if (IsTelling && place.IsKnown && counters.Count > 0)
        {
            string names = string.Join(", ", counters.Select(counter => counter.Name));
            report(new Notice(NoticeLevel.Information, message, $"{place}", $"{place}", names));
        }
    }
}
