using System.Reflection;
using System.Runtime.InteropServices;
using XTrace.Messages;

namespace XTrace.Bpf;

/// <summary>Loads libbpf on first use, so that importing the module works without it and the error names the package.</summary>
internal static class LibBpfResolver
{
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
        if (!NativeLibrary.TryLoad(library, out nint handle))
        {
            throw new XTraceException(KernelMessages.LibbpfNotFound, library, library);
        }
        return handle;
    }
}
