using XTrace.Testbed;

namespace XTrace.Tests;

/// <summary>A program in C, which knows the kernel's and libbpf's structures from their headers.</summary>
internal static class CProgram
{
    /// <summary>Compiles a program, without a warning, and returns what it prints.</summary>
    /// <param name="source">Its source.</param>
    /// <param name="arguments">What it is started with.</param>
    internal static string Run(string source, params string[] arguments) => Run(source, includes: null, arguments);

    /// <param name="source">Its source.</param>
    /// <param name="includes">A folder of headers; null for those of the system alone.</param>
    /// <param name="arguments">What it is started with.</param>
    internal static string Run(string source, string? includes, string[] arguments)
    {
        string folder = Directory.CreateTempSubdirectory("xtrace-c").FullName;
        try
        {
            string file = Path.Combine(folder, "program.c");
            string program = Path.Combine(folder, "program");
            File.WriteAllText(file, source);
            string[] headers = includes is null ? [] : ["-I", includes];
            Command.Run("gcc", ["-Wall", "-Werror", .. headers, file, "-o", program]);
            return Command.Run(program, arguments);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
