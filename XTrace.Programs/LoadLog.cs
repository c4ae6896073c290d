namespace XTrace.Programs;

/// <summary>The output of libbpf and the verifier when the kernel refuses: thousands of lines, of which one gives the reason.</summary>
internal static class LoadLog
{
    private const string Start = "-- BEGIN PROG LOAD LOG --";
    private const string End = "-- END PROG LOAD LOG --";

    /// <summary>Lines of the verifier after its reason, and of libbpf that only repeat that it failed.</summary>
    private static readonly string[] s_noise = ["processed ", "verification time ", "stack depth ", "libbpf: failed to load object "];

    /// <summary>The line that says why; null if none does.</summary>
    internal static string? ReasonIn(string log)
    {
        string[] lines = log.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        int end = Array.FindIndex(lines, line => line.EndsWith(End, StringComparison.Ordinal));
        return lines.Take(end < 0 ? lines.Length : end).LastOrDefault(line =>
            !line.EndsWith(Start, StringComparison.Ordinal) && !s_noise.Any(noise => line.StartsWith(noise, StringComparison.Ordinal)));
    }
}
