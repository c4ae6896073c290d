using System.Globalization;
using System.Runtime.InteropServices;
using XTrace.Messages;
using XTrace.Net;

namespace XTrace.Rdma;

/// <summary>The place of sysfs, and the folders of RDMA in it.</summary>
internal static class Sysfs
{
    internal const string RootVariable = "XTRACE_SYSFS_ROOT";

    private const string Usual = "/sys";

    /// <summary>The environment's XTRACE_SYSFS_ROOT, else /sys.</summary>
    /// <exception cref="XTraceException">The variable names no sysfs.</exception>
    internal static string Root
    {
        get
        {
            if (Environment.GetEnvironmentVariable(RootVariable) is not { Length: > 0 } root)
            {
                return Usual;
            }
            return Directory.Exists(Path.Combine(root, "class"))
                ? Path.GetFullPath(root)
                : throw new XTraceException(RdmaMessages.SysfsRootNotFound, root, RootVariable, root, Usual);
        }
    }

    /// <summary>
    /// Whether the files read there show what this kernel says now. A tree elsewhere may be a copy, or another network
    /// namespace's.
    /// </summary>
    internal static bool IsLive => Path.TrimEndingDirectorySeparator(Root) == Usual;

    /// <summary>
    /// Whether a network interface that sysfs shows is one of this network namespace, so that the kernel can be asked about it by name.
    /// The interface of another namespace has another index or another address.
    /// </summary>
    internal static bool IsHere(string name, Ethtool ethtool) =>
        ethtool.IndexOf(name) is > 0 and var index
        && SysfsFile.ReadText(Path.Combine(Net, name, "ifindex")) == index.ToString(CultureInfo.InvariantCulture)
        && ethtool.AddressOf(name) is { } address
        && SysfsFile.ReadText(Path.Combine(Net, name, "address"))?.StartsWith(address, StringComparison.Ordinal) == true;

    internal static string InfiniBand => Path.Combine(Root, "class/infiniband");

    internal static string Net => Path.Combine(Root, "class/net");

    /// <summary>The names in a folder, sorted as people count (mlx5_2 before mlx5_10); none if it is not there.</summary>
    /// <exception cref="XTraceException">It is there and cannot be listed.</exception>
    internal static string[] Names(string folder)
    {
        string[] names = NamesOrNone(folder, out int errno);
        return errno == 0 ? names : throw Unreadable(folder, errno);
    }

    /// <summary>The same; none also if it cannot be listed, where other folders may say as much.</summary>
    internal static string[] NamesOrNone(string folder) => NamesOrNone(folder, out _);

    /// <summary>For a folder that is there and cannot be listed.</summary>
    internal static XTraceException Unreadable(string folder, int errno) =>
        new(RdmaMessages.FolderUnreadable, folder, folder, Marshal.GetPInvokeErrorMessage(errno));

    private static string[] NamesOrNone(string folder, out int errno)
    {
        using ListedFolder listed = new(folder);
        byte[] buffer = [];
        listed.Refresh(ref buffer, keepOpen: false);
        errno = listed.IsUnreadable ? listed.ErrorCode : 0;
        return [.. listed.Entries.Select(entry => entry.Name)];
    }

    /// <summary>The target of a link. The link itself must not lie behind another link. Null if there is none.</summary>
    internal static string? Follow(string link)
    {
        try
        {
            return new FileInfo(link).LinkTarget is { } target
                ? Path.GetFullPath(Path.Combine(Path.GetDirectoryName(link)!, target))
                : null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
