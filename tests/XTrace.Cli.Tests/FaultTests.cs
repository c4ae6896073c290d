using System.Diagnostics;

namespace XTrace.Cli.Tests;

/// <summary>The sample of <c>make faults</c>: kills, failing system calls and shortages, each with a good end.</summary>
[Collection("alone")]
[Trait("Category", "Machine")]
public class FaultTests
{
    [Fact]
    public async Task Every_program_ends_well_whatever_fails()
    {
        ProcessStartInfo start = new("/usr/bin/python3", ["-B", Repository.PathOf("tests/faults/faults.py"), "quick"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process process = Process.Start(start)!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, $"{output}\n{await error}");
        Assert.Matches(@"(?m)^all +\d{2,} +\d{2,} +0 +\d+$", output);
    }
}
