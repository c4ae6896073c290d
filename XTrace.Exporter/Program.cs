using XTrace.Programs;

namespace XTrace.Exporter;

/// <summary>The entry.</summary>
internal static class Program
{
    internal static int Main(string[] args) => ExitCode.Of(CommandLine.Name, () => Run(new CommandLine(args)));

    /// <returns>False where something that was asked for could not be watched.</returns>
    private static bool Run(CommandLine command)
    {
        if (command.WantsHelp)
        {
            command.WriteHelp(Console.Out);
            return true;
        }
        if (command.WantsVersion)
        {
            Console.WriteLine($"{CommandLine.Name} {typeof(Program).Assembly.GetName().Version!.ToString(3)}");
            return true;
        }
        return Exporter.Run(command.Request);
    }
}
