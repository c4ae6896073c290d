using System.Diagnostics;
using XTrace.Net;

namespace XTrace.Tests;

/// <summary>Reads about a process in /proc: the end of the process is no error, and an error does not mean that it ended.</summary>
public sealed class KernelFileTests
{
    [Fact]
    public void A_process_that_lives_is_read() =>
        Assert.StartsWith($"{Environment.ProcessId} (", KernelFile.OfProcess(Environment.ProcessId, "stat", File.ReadAllText));

    [Fact]
    public void A_process_that_has_ended_is_null()
    {
        using Process process = Process.Start("sleep", "60");
        process.Kill();
        process.WaitForExit();
        Assert.Null(KernelFile.OfProcess(process.Id, "stat", File.ReadAllText));
    }

    [Fact]
    public void A_process_that_ends_while_it_is_read_is_null()
    {
        using Process process = Process.Start("sleep", "60");
        bool wasOpen = false;
        Assert.Null(KernelFile.OfProcess(process.Id, "status", path =>
        {
            using StreamReader reader = new(path);
            wasOpen = true;
            process.Kill();
            process.WaitForExit();
            return reader.ReadToEnd();
        }));
        Assert.True(wasOpen);
    }

    /// <summary>The memory at address 0 cannot be read: the kernel answers EIO, which says nothing of the process.</summary>
    [Fact]
    public void A_refusal_of_the_kernel_is_an_error()
    {
        XTraceException error = Assert.Throws<XTraceException>(() => KernelFile.OfProcess(Environment.ProcessId, "mem", File.ReadAllBytes));
        Assert.Equal("FileFailed", error.ErrorId);
        Assert.StartsWith($"Cannot read /proc/{Environment.ProcessId}/mem: ", error.Message);
    }

    [Fact]
    public void A_refusal_of_the_kernel_is_null_for_a_fact_that_the_caller_can_do_without() =>
        Assert.Null(KernelFile.OfProcessIfPossible(Environment.ProcessId, "mem", File.ReadAllBytes));
}
