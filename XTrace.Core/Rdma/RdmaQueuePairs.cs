using System.Diagnostics;
using XTrace.Net;

namespace XTrace.Rdma;

/// <summary>The queue pairs that RDMA netlink shows. It needs no privilege; every driver of RDMA devices answers.</summary>
internal sealed class RdmaQueuePairs : IDisposable
{
    /// <summary>
    /// A queue pair that is being destroyed makes the kernel give up the whole dump (res_get_common_dumpit in
    /// drivers/infiniband/core/nldev.c), so it is asked again.
    /// </summary>
    private const int Attempts = 5;

    private readonly NetlinkSocket _socket;
    private readonly Stopwatch _spent = new();

    /// <exception cref="XTraceException">The kernel has no RDMA netlink.</exception>
    internal RdmaQueuePairs() => _socket = NetlinkSocket.Open(NetlinkSocket.Rdma);

    /// <summary>
    /// All queue pairs that there are now, or those of one device. Each costs the device a query. Queue pairs of
    /// processes in other PID namespaces are not shown, unless this process is in the first one.
    /// </summary>
    /// <param name="device">The device's name; null for all devices.</param>
    /// <exception cref="XTraceException">The kernel has no RDMA netlink, or refused.</exception>
    internal static IReadOnlyList<QueuePairEntry> List(string? device = null)
    {
        using RdmaQueuePairs queuePairs = new();
        List<QueuePairEntry> entries = [];
        foreach ((int index, string name) in queuePairs.Devices.Where(found => device is null || found.Name == device))
        {
            queuePairs.Read(index, name, entries);
        }
        return entries;
    }

    /// <summary>The devices, with the numbers that the kernel knows them by.</summary>
    internal IReadOnlyList<(int Index, string Name)> Devices => [.. RdmaNetlink.Devices(_socket)];

    /// <summary>How long the kernel has taken to list queue pairs and connections.</summary>
    internal TimeSpan Spent => _spent.Elapsed;

    /// <summary>Adds the queue pairs of a device.</summary>
    /// <exception cref="XTraceException">The kernel refused.</exception>
    internal void Read(int index, string name, List<QueuePairEntry> entries)
    {
        foreach (byte[] message in Dump(RdmaNetlink.QueuePairGet, index))
        {
            QueuePairEntry.Read(message, name, entries);
        }
    }

    /// <summary>Adds one queue pair of a device, for which the kernel asks the device once. Nothing if it is gone.</summary>
    internal void ReadOne(int index, string name, int port, int number, List<QueuePairEntry> entries)
    {
        try
        {
            byte[] body = RdmaNetlink.Asking(
                (RdmaNetlink.DeviceIndex, index), (RdmaNetlink.PortIndex, port), (RdmaNetlink.Number, number));
            _spent.Start();
            QueuePairEntry.Read(_socket.Ask(RdmaNetlink.QueuePairGet, body), name, entries);
        }
        catch (XTraceException)
        {
            // It was destroyed.
        }
        finally
        {
            _spent.Stop();
        }
    }

    /// <summary>Adds the connections of a device that the connection manager made.</summary>
    /// <exception cref="XTraceException">The kernel refused.</exception>
    internal void ReadConnections(int index, List<ConnectionEntry> entries)
    {
        foreach (byte[] message in Dump(RdmaNetlink.ConnectionGet, index))
        {
            ConnectionEntry.Read(message, entries);
        }
    }

    public void Dispose() => _socket.Dispose();

    private IReadOnlyList<byte[]> Dump(ushort type, int index)
    {
        byte[] body = RdmaNetlink.Asking((RdmaNetlink.DeviceIndex, index));
        for (int attempt = 1; ; attempt++)
        {
            _spent.Start();
            try
            {
                return _socket.Dump(type, body);
            }
            catch (XTraceException) when (attempt < Attempts)
            {
            }
            finally
            {
                _spent.Stop();
            }
        }
    }
}
