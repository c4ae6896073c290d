using System.Globalization;

namespace XTrace.Rdma;

/// <summary>A port's folder in sysfs: <c>class/infiniband/DEVICE/ports/N</c>.</summary>
internal readonly record struct PortFolder(string Device, int Number, string Path)
{
    /// <summary>The folder of a device's ports.</summary>
    internal const string FolderName = "ports";

    /// <summary>The ports of a device, by number.</summary>
    /// <exception cref="XTraceException">They cannot be listed.</exception>
    internal static IEnumerable<PortFolder> List(string device, string devicePath)
    {
        string ports = System.IO.Path.Combine(devicePath, FolderName);
        foreach (string name in Sysfs.Names(ports))
        {
            if (int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out int number))
            {
                yield return new PortFolder(device, number, System.IO.Path.Combine(ports, name));
            }
        }
    }

    /// <summary>All of the port. Its GID table is read once, for the GIDs and for the interfaces.</summary>
    internal RdmaPort Read(InterfaceFinder finder)
    {
        IReadOnlyList<RdmaGid> gids = GidTable.Read(Path);
        (RdmaPortState? state, RdmaPhysicalState? physicalState, string? rate) = ReadState();
        return new RdmaPort
        {
            Device = Device,
            Port = Number,
            State = state,
            PhysicalState = physicalState,
            LinkLayer = Text("link_layer"),
            Rate = rate,
            BitsPerSecond = ParseRate(rate),
            Lid = ReadLid(),
            Gids = [.. gids],
            Interfaces = [.. finder.Find(this, () => gids)],
        };
    }

    /// <summary>The local identifier; 0 on Ethernet, null if it could not be read.</summary>
    internal int? ReadLid() => ParseHex(Text("lid"));

    /// <summary>The facts that may change while a port is watched.</summary>
    internal (RdmaPortState? State, RdmaPhysicalState? PhysicalState, string? Rate) ReadState() =>
        ((RdmaPortState?)ParseLeadingNumber(Text("state")), (RdmaPhysicalState?)ParseLeadingNumber(Text("phys_state")), Text("rate"));

    /// <summary>Reads <c>2.5 Gb/sec (1X SDR)</c>; giga is 10^9 here.</summary>
    internal static ulong? ParseRate(string? text) =>
        text?.Split(' ') is [var number, "Gb/sec", ..]
        && decimal.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal gigabits)
            ? (ulong)(gigabits * 1_000_000_000)
            : null;

    public override string ToString() => $"{Device}/{Number}";

    private string? Text(string attribute) => SysfsFile.ReadText(System.IO.Path.Combine(Path, attribute));

    /// <summary>Reads <c>4: ACTIVE</c>.</summary>
    private static int? ParseLeadingNumber(string? text) =>
        int.TryParse(text?.Split(':')[0], NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : null;

    private static int? ParseHex(string? text) =>
        text?.StartsWith("0x", StringComparison.Ordinal) == true
        && int.TryParse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int number) ? number : null;
}
