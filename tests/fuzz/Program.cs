using System.Diagnostics;
using System.Globalization;
using XTrace;
using XTrace.Fuzz;
using XTrace.Net;

const string Usage = "FUZZ_FRAMES is a number of frames, by default 10000000. FUZZ_SEED is the number that an earlier run printed.";
const long DefaultFrames = 10_000_000;

if (!TryRead("FUZZ_FRAMES", DefaultFrames, out long frames) || frames <= 0
    || !TryRead("FUZZ_SEED", Stopwatch.GetTimestamp(), out long seed))
{
    Console.Error.WriteLine(Usage);
    return 2;
}
Console.WriteLine($"FUZZ_SEED={seed} FUZZ_FRAMES={frames}");
Fuzzer fuzzer = new((ulong)seed, frames, Decoder.Decode);
long start = Stopwatch.GetTimestamp();
try
{
    Capabilities.RequireMonitoring();
    fuzzer.Run(Console.WriteLine);
    double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
    Console.WriteLine(fuzzer.Tally);
    string speed = string.Create(CultureInfo.InvariantCulture, $"{seconds:n0} s, {frames / seconds:n0} frames/s");
    Console.WriteLine($"No disagreement, no lost count. {speed}.");
    return 0;
}
catch (Exception error) when (error is Disagreement or XTraceException)
{
    Console.Error.WriteLine(error.Message);
    return 1;
}

static bool TryRead(string variable, long otherwise, out long number)
{
    number = otherwise;
    return Environment.GetEnvironmentVariable(variable) is not { Length: > 0 } text
        || long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
