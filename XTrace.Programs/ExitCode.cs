using System.Net.Sockets;
using XTrace.Messages;

namespace XTrace.Programs;

/// <summary>How a program ends: 0 after a signal or when all is said, 1 when something failed, 2 on wrong usage.</summary>
internal static class ExitCode
{
    private const int Failed = 1;
    private const int WrongUsage = 2;

    /// <summary>Runs a program, and says what went wrong.</summary>
    /// <param name="program">The program's name.</param>
    /// <param name="run">The work of the program. It returns false if a part failed and the rest went on.</param>
    internal static int Run(string program, Func<bool> run)
    {
        StandardStreams.SetError();
        Speech.Face = Face.CommandLine;
        try
        {
            return run() ? 0 : Failed;
        }
        catch (XTraceException error) when (error.Kind == XTraceErrorKind.InvalidArgument)
        {
            return Fail(program, WrongUsage, $"{error.Message} {OptionMessages.TryHelp(program)}");
        }
        catch (XTraceException error)
        {
            return Fail(program, Failed, OptionMessages.Describe(error));
        }
        catch (Exception error) when (error.GetBaseException() is UnauthorizedAccessException denied)
        {
            return Fail(program, Failed, OptionMessages.AccessDenied(denied.Message));
        }
        catch (Exception error) when (
            error is TypeInitializationException || error.GetBaseException() is OutOfMemoryException or IOException or SocketException)
        {
            // The runtime itself had no memory, thread or descriptor for what it needs.
            return Fail(program, Failed, OptionMessages.RuntimeFailed(error.GetBaseException().Message));
        }
    }

    private static int Fail(string program, int exitCode, string message)
    {
        Console.Error.WriteLine($"{program}: {message}");
        return exitCode;
    }
}
