using System.Net;
using XTrace.Net;
using XTrace.Rdma;

namespace XTrace.Cli;

/// <summary>A network interface in the list, as JSON names its properties.</summary>
/// <param name="InterfaceAlias">Its name.</param>
/// <param name="InterfaceIndex">Its index.</param>
/// <param name="State">Whether it is up.</param>
/// <param name="MacAddress">Its hardware address; empty if it has none.</param>
/// <param name="IPAddress">Its addresses.</param>
internal sealed record ListedInterface(string InterfaceAlias, int InterfaceIndex, string State, string MacAddress, string[] IPAddress);

/// <summary>The list of network interfaces, then of RDMA ports.</summary>
internal static class InterfaceList
{
    internal static void Write(bool json, TextWriter output)
    {
        if (!json)
        {
            output.WriteLine(Messages.InterfaceList);
        }
        foreach ((NetInterface target, string state, string mac, IEnumerable<IPAddress> addresses) in NetInterfaces.Describe())
        {
            string[] each = [.. addresses.Select(address => $"{address}")];
            output.WriteLine(json
                ? JsonLine.Serialize(new ListedInterface(target.Name, target.Index, state, mac, each))
                : $"{target.Index,3} {target.Name,-15} {state,-8} {mac,-17} {string.Join(' ', each)}".TrimEnd());
        }
        foreach (RdmaPort port in RdmaDevices.Read(RdmaDevices.Names).SelectMany(device => device.Ports))
        {
            output.WriteLine(json
                ? JsonLine.Serialize(port)
                : $"RDMA {port,-15} {port.State,-8} {port.Rate,-22} {string.Join(' ', port.Interfaces)}".TrimEnd());
        }
    }
}
