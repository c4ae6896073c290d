namespace XTrace.Exporter;

/// <summary>Standard error, where the journal of the system reads it.</summary>
internal static class Log
{
    internal static void Write(string text) => Console.Error.WriteLine($"{CommandLine.Name}: {text}");
}
