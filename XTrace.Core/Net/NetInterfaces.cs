using System.Net.NetworkInformation;
using System.Runtime.InteropServices;

namespace XTrace.Net;

/// <summary>A network interface of the current network namespace.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Index">Its index, which a re-created interface does not share.</param>
internal readonly record struct NetInterface(string Name, int Index);

/// <summary>The interfaces of the network namespace that the calling thread is in, asked from the kernel each time.</summary>
internal static unsafe partial class NetInterfaces
{
    /// <summary>What is watched where nobody says otherwise: the environment's NETWORK_INTERFACE, then eth0.</summary>
    internal static string Default =>
        Environment.GetEnvironmentVariable("NETWORK_INTERFACE") is { Length: > 0 } name ? name : "eth0";

    /// <summary>All of them, by index. Not from /sys, which may show another namespace's.</summary>
    internal static IReadOnlyList<NetInterface> List()
    {
        List<NetInterface> interfaces = [];
        IfNameIndex* list = if_nameindex();
        if (list != null)
        {
            for (IfNameIndex* one = list; one->Index != 0; one++)
            {
                interfaces.Add(new NetInterface(Marshal.PtrToStringUTF8(one->Name)!, (int)one->Index));
            }
            if_freenameindex(list);
        }
        return interfaces;
    }

    /// <summary>The interface of this name.</summary>
    /// <exception cref="XTraceException">There is none; the message lists what there is.</exception>
    internal static NetInterface Get(string name)
    {
        uint index = if_nametoindex(name);
        return index != 0
            ? new NetInterface(NameOf((int)index) ?? name, (int)index) // The name may be an alternative one.
            : throw new XTraceException(
                "InterfaceNotFound",
                XTraceErrorKind.NotFound,
                $"There is no network interface '{name}'. There are: {string.Join(", ", List().Select(one => one.Name))}.",
                name);
    }

    /// <summary>The current name of the interface with this index, or null.</summary>
    internal static string? NameOf(int index) => List().FirstOrDefault(one => one.Index == index).Name;

    /// <summary>State and addresses of each interface, as people want them listed.</summary>
    internal static IEnumerable<(NetInterface Interface, string State, string Mac, string Addresses)> Describe()
    {
        Dictionary<string, NetworkInterface> details = NetworkInterface.GetAllNetworkInterfaces().ToDictionary(one => one.Name);
        foreach (NetInterface one in List())
        {
            if (!details.TryGetValue(one.Name, out NetworkInterface? detail))
            {
                continue;
            }
            string mac = string.Join(':', detail.GetPhysicalAddress().GetAddressBytes().Select(part => part.ToString("x2", null)));
            string addresses = string.Join(' ', detail.GetIPProperties().UnicastAddresses.Select(address => address.Address));
            yield return (one, detail.OperationalStatus.ToString(), mac, addresses);
        }
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct IfNameIndex
    {
        internal uint Index;
        internal nint Name;
    }

    [LibraryImport("libc")]
    private static partial IfNameIndex* if_nameindex();

    [LibraryImport("libc")]
    private static partial void if_freenameindex(IfNameIndex* list);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial uint if_nametoindex(string name);
}
