
namespace XTrace.Cli.Tests;

/// <summary>Another user than root, who may not be able to read where the tests lie.</summary>
internal static class AnotherUser
{
    private const string Nobody = "65534";

    /// <summary>Calls with what runs a program as that user, and the folder where xtrace-catch lies.</summary>
    /// <param name="capabilities">What the user may, like <c>+bpf,+net_admin</c>; empty for an ordinary one.</param>
    /// <param name="action">What is to be done.</param>
    internal static void Run(string capabilities, Action<string[], string> action)
    {
        string folder = Directory.CreateTempSubdirectory("xtrace-catch-").FullName;
        try
        {
            Command.Run("chmod", "755", folder);
            Command.Run("cp", Path.Combine(CatchProcess.Folder, CatchProcess.Name), folder);
            string set = string.Join(',', new[] { "-all", capabilities }.Where(part => part.Length > 0));
            string[] under =
            [
                "setpriv", $"--reuid={Nobody}", $"--regid={Nobody}", "--clear-groups",
                $"--inh-caps={set}", $"--ambient-caps={set}", $"--bounding-set={set}",
            ];
            action(under, folder);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
