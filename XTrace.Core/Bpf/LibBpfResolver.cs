using System.Reflection;
using System.Runtime.InteropServices;
using XTrace.Messages;

namespace XTrace.Bpf;

/// <summary>Loads libbpf on first use, so that importing the module works without it and the error names the package.</summary>
internal static class LibBpfResolver
{
    private const string NoSuchFile = "No such file or directory"; // dlerror(3) passes on the C library's words for ENOENT

    private static int s_registered;

    internal static void Register()
    {
        // A second resolver for the same assembly throws.
        if (Interlocked.Exchange(ref s_registered, 1) == 0)
        {
            NativeLibrary.SetDllImportResolver(typeof(LibBpfResolver).Assembly, Resolve);
        }
    }

    private static nint Resolve(string library, Assembly assembly, DllImportSearchPath? path)
    {
        if (library != LibBpf.Library)
        {
            return 0;
        }
        try
        {
            return NativeLibrary.Load(library);
        }
        catch (DllNotFoundException error) when (error.Message.Contains(NoSuchFile, StringComparison.Ordinal))
        {
            throw new XTraceException(error, KernelMessages.LibbpfNotFound, library, library);
        }
        catch (Exception error) when (error is DllNotFoundException or BadImageFormatException)
        {
            throw new XTraceException(error, KernelMessages.LibbpfUnusable, library, library, ReasonIn(error.Message));
        }
    }

    /// <summary>The runtime's first line is about how to look for the cause; the loader's own words follow.</summary>
    private static string ReasonIn(string message) =>
        message.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) is [_, var reason, ..]
            ? reason
            : message;
}
