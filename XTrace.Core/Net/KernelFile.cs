using System.Globalization;
using XTrace.Bpf;
using XTrace.Messages;

namespace XTrace.Net;

/// <summary>Files of proc, sysfs and bpffs that must be there. A refusal of the kernel becomes an error of XTrace.</summary>
internal static class KernelFile
{
    /// <summary>The whole text of a file.</summary>
    /// <exception cref="XTraceException">It cannot be read.</exception>
    internal static string ReadText(string path) => Read(path, File.ReadAllText);

    /// <summary>The text after a label in the line that begins with it.</summary>
    /// <exception cref="XTraceException">The file cannot be read.</exception>
    internal static string ReadField(string path, string label)
    {
        string line = Read(path, file => File.ReadLines(file).First(line => line.StartsWith(label, StringComparison.Ordinal)));
        return line[label.Length..].Trim();
    }

    /// <summary>The number of a namespace: a link such as net:[4026531840] has its kind and its inode.</summary>
    /// <exception cref="XTraceException">The link cannot be read.</exception>
    internal static ulong ReadNamespace(string path)
    {
        string target = Read(path, link => new FileInfo(link).LinkTarget ?? "");
        int start = target.IndexOf('[', StringComparison.Ordinal) + 1;
        return ulong.TryParse(target.AsSpan(start).TrimEnd(']'), CultureInfo.InvariantCulture, out ulong inode)
            ? inode
            : throw new XTraceException(KernelMessages.FileMissing, path, path);
    }

    private static string Read(string path, Func<string, string> read)
    {
        try
        {
            return Do(KernelOperation.Read(path), path, read);
        }
        catch (Exception missing) when (missing is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new XTraceException(missing, KernelMessages.FileMissing, path, path);
        }
        catch (UnauthorizedAccessException denied)
        {
            throw new XTraceException(denied, KernelMessages.FileDenied, path, KernelOperation.Read(path));
        }
    }

    /// <summary>Reads a file or folder in the /proc of a process or thread.</summary>
    /// <returns>Null if the process has ended, or if this one may not see it.</returns>
    /// <exception cref="XTraceException">
    /// The kernel refused for want of descriptors, memory or the like, which says nothing of the process.
    /// </exception>
    internal static T? OfProcess<T>(int process, string name, Func<string, T> read)
        where T : class
    {
        string path = $"/proc/{process}/{name}";
        try
        {
            return Do(KernelOperation.Read(path), path, read);
        }
        catch (Exception hidden) when (hidden is FileNotFoundException or DirectoryNotFoundException or UnauthorizedAccessException)
        {
            return null;
        }
        catch (XTraceException error) when (error.InnerException?.HResult == Errnos.ESRCH)
        {
            // It ended between the opening and the reading.
            return null;
        }
    }

    /// <summary>Reads a file in the /proc of a process or thread for a fact that the caller can do without.</summary>
    /// <returns>Null if the process has ended, and if the kernel refuses for any other reason.</returns>
    internal static T? OfProcessIfPossible<T>(int process, string name, Func<string, T> read)
        where T : class
    {
        try
        {
            return OfProcess(process, name, read);
        }
        catch (XTraceException)
        {
            return null;
        }
    }

    /// <summary>Does something with a path. Missing rights are left to the caller, who knows what they mean there.</summary>
    /// <exception cref="XTraceException">The kernel refused for want of descriptors, memory or the like.</exception>
    /// <exception cref="UnauthorizedAccessException">The caller may not.</exception>
    internal static T Do<T>(KernelOperation operation, string path, Func<string, T> action)
    {
        try
        {
            return action(path);
        }
        catch (IOException error) when (error is not (FileNotFoundException or DirectoryNotFoundException))
        {
            // .NET puts the path behind the kernel's words, and the operation names it already.
            throw new XTraceException(error, KernelMessages.FileFailed, path, operation, error.Message.Split(" : '")[0]);
        }
    }
}
