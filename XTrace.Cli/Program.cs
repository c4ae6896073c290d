using XTrace.Messages;

namespace XTrace.Cli;

/// <summary>The entry: exit code 0 after a signal or when all is said, 1 when something failed, 2 on wrong usage.</summary>
internal static class Program
{
    private const int Failed = 1;
    private const int WrongUsage = 2;

    internal static int Main(string[] args)
    {
        Speech.Face = Face.CommandLine;
        try
        {
            using TextWriter output = StandardOutput.Open();
            return Run(new CommandLine(args), output) ? 0 : Failed;
        }
        catch (XTraceException error) when (error.Kind == XTraceErrorKind.InvalidArgument)
        {
            return Fail(WrongUsage, $"{error.Message} {Messages.TryHelp}");
        }
        catch (XTraceException error)
        {
            return Fail(Failed, Messages.Describe(error));
        }
        catch (IOException error)
        {
            return Fail(Failed, Messages.OutputFailed(error.Message));
        }
        catch (Exception error) when (error.GetBaseException() is OutOfMemoryException or IOException)
        {
            // The runtime itself had no memory, thread or descriptor for what it needs.
            return Fail(Failed, Messages.RuntimeFailed(error.GetBaseException().Message));
        }
    }

    /// <returns>False where some of what was asked for failed, and the rest went on.</returns>
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

    private static int Fail(int exitCode, string message)
    {
        Console.Error.WriteLine($"{CommandLine.Name}: {message}");
        return exitCode;
    }
}
