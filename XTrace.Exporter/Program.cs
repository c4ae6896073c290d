using XTrace.Programs;

namespace XTrace.Exporter;

/// <summary>The entry.</summary>
internal static class Program
{
    internal static int Main(string[] args) => ExitCode.Run(CommandLine.Name, () => Run(new CommandLine(args)));

    /// <returns>False where something that was asked for could not be watched.</returns>
    private static bool Run(CommandLine command)
    {
        if (command.WantsHelp)
        {
            using TextWriter output = StandardStreams.OpenOutput();
            command.WriteHelp(output);
            return true;
        }
        if (command.WantsVersion)
        {
            using TextWriter output = StandardStreams.OpenOutput();
            output.WriteLine($"{CommandLine.Name} {typeof(Program).Assembly.GetName().Version!.ToString(3)}");
            return true;
        }
        return Exporter.Run(command.Request);
    }
}
