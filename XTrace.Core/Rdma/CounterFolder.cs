using XTrace.Messages;

namespace XTrace.Rdma;

/// <summary>One folder of counters.</summary>
/// <param name="place">Whose counters they are.</param>
/// <param name="source">Which folder it is.</param>
/// <param name="entry">Its entry in the place's folder.</param>
/// <param name="parent">Where that is.</param>
/// <param name="interfaceAlias">The network interface that the folder is of; null for a folder of the place itself.</param>
internal sealed class CounterFolder(
    CounterPlace place, RdmaCounterSource source, FolderEntry entry, string parent, string? interfaceAlias = null) : IDisposable
{
    /// <summary>The age that values of hw_counters may have, in milliseconds. XTrace does not write this setting.</summary>
    private const string Lifespan = "lifespan";
    private const string ExtendedOnly = "unicast_rcv_packets"; // drivers/infiniband/core/sysfs.c, pma_attrs_ext

    private readonly ListedFolder _folder = new(Path.Combine(parent, entry.Name));
    private bool _hasUnknown;

    internal FolderEntry Entry => entry;

    /// <summary>Those that are wanted.</summary>
    internal CounterFile[] Files { get; private set; } = [];

    /// <summary>Whether it could be listed, and holds nothing that is not in the catalogue.</summary>
    internal bool IsComplete => !_folder.IsUnreadable && !_hasUnknown;

    /// <returns>Whether a counter is new or gone.</returns>
    internal bool Find(CounterFinding finding) => finding.Refresh(_folder) && Update(finding);

    /// <summary>Reports that it has gone with its counters.</summary>
    internal void End(CounterFinding finding)
    {
        Dispose();
        finding.Tell(RdmaMessages.CountersGone, place, Files);
    }

    /// <summary>Closes all. A file that is read or listed again is opened again.</summary>
    public void Dispose()
    {
        _folder.Dispose();
        Array.ForEach(Files, file => file.Dispose());
    }

    private bool Update(CounterFinding finding)
    {
        CounterFile[] before = Files;
        Files = [.. Wanted(finding.Filter, before.ToDictionary(file => file.Entry))];
        HashSet<CounterFile> kept = [.. Files];
        CounterFile[] gone = [.. before.Where(file => !kept.Contains(file))];
        Array.ForEach(gone, file => file.Dispose());
        CounterFile[] added = [.. Files.Except(before)];
        finding.Tell(RdmaMessages.CountersGone, place, gone);
        finding.Tell(RdmaMessages.CountersAppeared, place, added);
        return gone.Length + added.Length > 0;
    }

    private IEnumerable<CounterFile> Wanted(CounterFilter filter, Dictionary<FolderEntry, CounterFile> known)
    {
        bool hasExtended = _folder.Entries.Any(file => file.Name == ExtendedOnly);
        _hasUnknown = false;
        foreach (FolderEntry file in _folder.Entries.Where(file => file.Name != Lifespan))
        {
            CounterInfo info = CounterCatalogue.Find(source, file.Name, place.Driver, hasExtended);
            // Most of what sysfs says of a network interface is no counter.
            bool isCounter = info.IsKnown || source != RdmaCounterSource.Carrier;
            _hasUnknown |= !info.IsKnown;
            if (isCounter && filter.Wants(source, file.Name, info))
            {
                yield return known.GetValueOrDefault(file)
                    ?? new CounterFile(place, source, file, Path.Combine(_folder.Path, file.Name), info) { Interface = interfaceAlias };
            }
        }
    }
}
