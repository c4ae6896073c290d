using XTrace.Programs;

namespace XTrace.Cli;

/// <summary>The entry.</summary>
internal static class Program
{
    internal static int Main(string[] args) => ExitCode.Run(CommandLine.Name, () =>
    {
        using TextWriter output = StandardStreams.OpenOutput();
        return Run(new CommandLine(args), output);
    });

    /// <returns>False if a part failed and the rest went on.</returns>
    private static bool Run(CommandLine command, TextWriter output)
    {
        if (command.WantsHelp)
        {
            command.WriteHelp(output);
        }
        else if (command.WantsVersion)
        {
            output.WriteLine($"{CommandLine.Name} {typeof(Program).Assembly.GetName().Version!.ToString(3)}");
        }
        else if (command.WantsList)
        {
            InterfaceList.Write(command.WantsJson, output);
        }
        else if (command.WantsLive)
        {
            return LiveWatch.Run(command.LiveOptions);
        }
        else if (command.WantsRdma)
        {
            RdmaLoop.Run(command.RdmaRequest, output);
        }
        else
        {
            return FlowWatch.Run(command.Request, output);
        }
        return true;
    }
}
