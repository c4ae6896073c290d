namespace XTrace.Processes;

/// <summary>Reads the sockets of processes: in one of two ways, which give the same rows.</summary>
internal abstract class SocketReader : IDisposable
{
    /// <summary>Adds the sockets that there are.</summary>
    /// <exception cref="XTraceException">The kernel refused.</exception>
    internal abstract void Read(SocketTable table);

    /// <summary>
    /// Hands out the connections that began or ended since the last call, each as it was last; none where nobody writes them down.
    /// </summary>
    internal virtual void ReadEnded(SocketAction action)
    {
    }

    /// <summary>
    /// The network namespace of process 1, which is the host's, or the container's that this process is in; 0: not known.
    /// </summary>
    internal abstract uint HostNet { get; }

    /// <summary>Network namespaces whose sockets could not be read, as the last reading found.</summary>
    internal virtual int UnreadNamespaces => 0;

    /// <summary>Processes whose sockets could not be read, as the last reading found.</summary>
    internal virtual int UnreadProcesses => 0;

    public abstract void Dispose();
}

/// <summary>Takes a socket.</summary>
internal delegate void SocketAction(in SocketRow row);
