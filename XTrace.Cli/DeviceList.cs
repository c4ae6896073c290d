using System.Globalization;
using XTrace.Net;
using XTrace.Rdma;

namespace XTrace.Cli;

/// <summary>
/// RDMA devices as users of NCCL name them in <c>NCCL_IB_HCA</c>: a list of <c>DEVICE[:PORT]</c>, behind <c>^</c> for all others
/// than these, and behind <c>=</c> for exactly these names.
/// </summary>
/// <param name="Targets">The wanted ones.</param>
/// <param name="Excluded">Those that are left out.</param>
internal sealed record DeviceList(IReadOnlyList<RdmaTarget> Targets, IReadOnlyList<RdmaTarget> Excluded)
{
    /// <summary>The variable with the devices that NCCL uses.</summary>
    internal const string Variable = "NCCL_IB_HCA";

    private const string Any = "*";

    /// <summary>Reads a list.</summary>
    /// <param name="text">The list.</param>
    /// <param name="isPrefix">Whether a name without <c>=</c> stands for all devices whose names begin with it, as for NCCL.</param>
    /// <returns>Null where it names nothing.</returns>
    internal static DeviceList? Parse(string text, bool isPrefix)
    {
        string rest = text.Trim();
        bool isExcluding = rest.StartsWith('^');
        rest = isExcluding ? rest[1..] : rest;
        bool isExact = rest.StartsWith('=');
        rest = isExact ? rest[1..] : rest;
        RdmaTarget[] named =
        [
            .. rest.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
                .Select(name => TargetOf(name, isPrefix && !isExact)),
        ];
        return named.Length == 0 ? null : isExcluding ? new DeviceList([new RdmaTarget(Any)], named) : new DeviceList(named, []);
    }

    /// <summary>The names.</summary>
    public override string ToString() => string.Join(", ", Targets.Select(target => $"{target.Device}"));

    private static RdmaTarget TargetOf(string text, bool isPrefix)
    {
        int colon = text.LastIndexOf(':');
        bool hasPort = int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int port) && colon > 0;
        string name = hasPort ? text[..colon] : text;
        string device = isPrefix && new NamePattern(name).IsExact ? name + Any : name;
        return hasPort ? new RdmaTarget(device, port) : new RdmaTarget(device);
    }
}
