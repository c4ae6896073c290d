using System.Runtime.InteropServices;
using System.Text;

namespace XTrace.Live;

/// <summary>
/// A shell that restores a terminal when this process cannot: SIGKILL leaves no time for it. It waits at the end of a pipe that closes with
/// this process, in a session of its own, so that neither signals of the terminal nor those of the shell's job reach it.
/// </summary>
internal sealed unsafe class TerminalGuard : IDisposable
{
    private const string Script = "read -r line || { printf \"$2\"; stty \"$1\" <&1 2>/dev/null; }";
    internal const int StructureSize = 512; // posix_spawn's structures have 80 and 336 bytes

    private readonly int _pipe;
    private readonly int _process;

    private TerminalGuard(int pipe, int process) => (_pipe, _process) = (pipe, process);

    /// <summary>Starts it; null where it cannot be started, and the terminal then has no guard.</summary>
    /// <param name="output">The terminal.</param>
    /// <param name="modes">The settings that it gets back.</param>
    /// <param name="text">What is written to it in the end, as printf(1) reads it.</param>
    internal static TerminalGuard? Start(int output, TerminalModes modes, string text)
    {
        int* ends = stackalloc int[2];
        if (Libc.pipe2(ends, Libc.OpenCloseOnExec) != 0)
        {
            return null;
        }
        bool hasStarted = TrySpawn(ends[0], output, ["sh", "-c", Script, "xtrace-guard", $"{modes}", text], out int process);
        _ = Libc.close(ends[0]);
        if (!hasStarted)
        {
            _ = Libc.close(ends[1]);
            return null;
        }
        return new TerminalGuard(ends[1], process);
    }

    /// <summary>Ends it: the terminal has been restored.</summary>
    public void Dispose()
    {
        byte newline = (byte)'\n';
        _ = Libc.write(_pipe, &newline, 1);
        _ = Libc.close(_pipe);
        _ = Libc.waitpid(_process, out _, 0);
    }

    private static bool TrySpawn(int input, int output, string[] arguments, out int process)
    {
        byte* actions = stackalloc byte[StructureSize];
        byte* attributes = stackalloc byte[StructureSize];
        byte** texts = stackalloc byte*[arguments.Length + 1];
        byte** variables = stackalloc byte*[2];
        _ = Libc.posix_spawn_file_actions_init(actions);
        _ = Libc.posix_spawnattr_init(attributes);
        try
        {
            for (int i = 0; i < arguments.Length; i++)
            {
                texts[i] = Copy(arguments[i]);
            }
            texts[arguments.Length] = null;
            variables[0] = Copy($"PATH={Environment.GetEnvironmentVariable("PATH")}");
            variables[1] = null;
            _ = Libc.posix_spawn_file_actions_adddup2(actions, input, 0);
            _ = Libc.posix_spawn_file_actions_adddup2(actions, output, 1);
            _ = Libc.posix_spawnattr_setflags(attributes, Libc.SpawnInSession);
            return Libc.posix_spawnp(out process, arguments[0], actions, attributes, texts, variables) == 0;
        }
        finally
        {
            _ = Libc.posix_spawn_file_actions_destroy(actions);
            _ = Libc.posix_spawnattr_destroy(attributes);
            for (byte** text = texts; *text != null; text++)
            {
                NativeMemory.Free(*text);
            }
            NativeMemory.Free(variables[0]);
        }
    }

    private static byte* Copy(string text)
    {
        int length = Encoding.UTF8.GetByteCount(text);
        byte* copy = (byte*)NativeMemory.Alloc((nuint)length + 1);
        Encoding.UTF8.GetBytes(text, new Span<byte>(copy, length));
        copy[length] = 0;
        return copy;
    }
}
