namespace XTrace.Testbed;

/// <summary>A network namespace of its own, named under /run/netns; gone when disposed.</summary>
public sealed class NetNamespace : IDisposable
{
    /// <summary>Makes it.</summary>
    public NetNamespace(string name)
    {
        Name = name;
        Command.Run("ip", "netns", "add", name);
    }

    public string Name { get; }

    /// <summary>Runs something on a thread that is in the namespace; what it throws is thrown here.</summary>
    public T Run<T>(Func<T> function) => OwnThread.Run(() =>
    {
        Enter();
        return function();
    });

    public void Dispose() => Command.Run("ip", "netns", "del", Name);

    private void Enter()
    {
        int fd = Libc.Check(Libc.open($"/run/netns/{Name}", Libc.OpenCloseOnExec), $"open {Name}");
        Libc.Check(Libc.setns(fd, Libc.CloneNewNet), $"enter {Name}");
        _ = Libc.close(fd);
    }
}
