using XTrace.Testbed;

namespace XTrace.Tests;

/// <summary>A program in C, which knows the kernel's and libbpf's structures from their headers.</summary>
internal static class CProgram
{
    /// <summary>Compiles a program, without a warning, and returns what it prints.</summary>
    /// <param name="source">Its source.</param>
    /// <param name="arguments">What it is started with.</param>
    internal static string Run(string source, params string[] arguments) => With(source, file =>
    {
        string program = Path.ChangeExtension(file, null);
        Command.Run("gcc", "-Wall", "-Werror", file, "-o", program);
        return Command.Run(program, arguments);
    });

    /// <summary>Has a compiler look at a source, and returns its errors; nothing if it has none.</summary>
    /// <param name="source">The source.</param>
    /// <param name="compiler">Its name.</param>
    /// <param name="flags">Its options.</param>
    internal static string Check(string source, string compiler, string[] flags) => With(source, file =>
    {
        try
        {
            return Command.Run(compiler, ["-Wall", "-Werror", "-fsyntax-only", .. flags, file]);
        }
        catch (InvalidOperationException error)
        {
            return error.Message;
        }
    });

    private static string With(string source, Func<string, string> use)
    {
        string folder = Directory.CreateTempSubdirectory("xtrace-c").FullName;
        try
        {
            string file = Path.Combine(folder, "program.c");
            File.WriteAllText(file, source);
            return use(file);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
