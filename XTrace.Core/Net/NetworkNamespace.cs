using System.Runtime.ExceptionServices;

namespace XTrace.Net;

/// <summary>Network namespaces: the calling thread's, and visits to others.</summary>
internal static class NetworkNamespace
{
    /// <summary>The inode of the calling thread's, which tells it from every other that exists now.</summary>
    internal static ulong CurrentInode => KernelFile.ReadNamespace("/proc/thread-self/ns/net");

    /// <summary>Runs something in another network namespace, on a thread of its own, which ends with it.</summary>
    /// <param name="path">The namespace: /proc/PID/ns/net, or a file that <c>ip netns</c> made.</param>
    /// <param name="function">The function to run. Its exceptions are thrown here.</param>
    /// <param name="result">Its result.</param>
    /// <returns>False where the namespace is gone, or this process may not enter it: that needs CAP_SYS_ADMIN.</returns>
    internal static bool TryRun<T>(string path, Func<T> function, out T? result)
    {
        T? returned = default;
        bool isThere = false;
        ExceptionDispatchInfo? failure = null;
        Thread thread = new(() =>
        {
            try
            {
                isThere = TryEnter(path);
                returned = isThere ? function() : default;
            }
            catch (XTraceException error)
            {
                failure = ExceptionDispatchInfo.Capture(error);
            }
        });
        thread.Start();
        thread.Join();
        failure?.Throw();
        result = returned;
        return isThere;
    }

    private static bool TryEnter(string path)
    {
        int fd = Libc.open(path, Libc.OpenCloseOnExec);
        if (fd < 0)
        {
            return false;
        }
        bool isThere = Libc.setns(fd, Libc.CloneNewNet) == 0;
        _ = Libc.close(fd);
        return isThere;
    }
}
