using System.Runtime.ExceptionServices;

namespace XTrace.Testbed;

/// <summary>A thread for one call, which may move it to a namespace or a CPU: such a thread must not go back into the pool.</summary>
public static class OwnThread
{
    /// <summary>Runs something and waits for it; what it throws is thrown here.</summary>
    public static T Run<T>(Func<T> function)
    {
        T result = default!;
        ExceptionDispatchInfo? failure = null;
        Thread thread = new(() =>
        {
            try
            {
                result = function();
            }
#pragma warning disable CA1031 // It is thrown again below.
            catch (Exception exception)
#pragma warning restore CA1031
            {
                failure = ExceptionDispatchInfo.Capture(exception);
            }
        });
        thread.Start();
        thread.Join();
        failure?.Throw();
        return result;
    }
}
