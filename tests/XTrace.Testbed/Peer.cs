using System.Diagnostics;

namespace XTrace.Testbed;

/// <summary>A process that holds sockets: <c>peer.c</c> says which kinds there are. It ends when this is disposed.</summary>
public sealed class Peer : IDisposable
{
    private static readonly Lazy<string> s_program = new(Compile);

    private readonly Process _process;

    /// <summary>Starts it in the network namespace of the calling thread, and returns once it is ready.</summary>
    public Peer(params string[] arguments)
        : this(new ProcessStartInfo(Program, arguments))
    {
    }

    private Peer(ProcessStartInfo start)
    {
        start.RedirectStandardInput = true;
        start.RedirectStandardOutput = true;
        _process = Process.Start(start)!;
        WaitFor("ready");
    }

    /// <summary>The compiled program: its processes are called <c>peer</c>.</summary>
    public static string Program => s_program.Value;

    public int Id => _process.Id;

    /// <summary>Starts it in a named network namespace.</summary>
    public static Peer In(string network, params string[] arguments) =>
        new(new ProcessStartInfo("nsenter", [$"--net=/run/netns/{network}", Program, .. arguments]));

    /// <summary>Starts it through another program, which becomes it in the end.</summary>
    public static Peer Through(string[] command, params string[] arguments) =>
        new(new ProcessStartInfo(command[0], [.. command[1..], Program, .. arguments]));

    /// <summary>Waits until it has done what it was told: connections that are brief are over then.</summary>
    public void WaitUntilDone() => WaitFor("done");

    public void Dispose()
    {
        _process.StandardInput.Close();
        if (!_process.WaitForExit(5000))
        {
            _process.Kill();
            _process.WaitForExit();
        }
        _process.Dispose();
    }

    private void WaitFor(string word)
    {
        string? line = _process.StandardOutput.ReadLine();
        if (line != word)
        {
            throw new InvalidOperationException($"The peer said '{line}', and not '{word}'.");
        }
    }

    private static string Compile()
    {
        string folder = Directory.CreateTempSubdirectory("xtrace-peer").FullName;
        File.SetUnixFileMode(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
            | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute);
        string source = Path.Combine(folder, "peer.c");
        using (Stream embedded = typeof(Peer).Assembly.GetManifestResourceStream("peer.c")!)
        using (FileStream file = File.Create(source))
        {
            embedded.CopyTo(file);
        }
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(folder, recursive: true);
        Command.Run("gcc", "-O1", "-Wall", "-Wextra", "-Werror", source, "-o", Path.Combine(folder, "peer"));
        return Path.Combine(folder, "peer");
    }
}
