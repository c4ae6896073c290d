using XTrace.Monitors;
using XTrace.Testbed;

namespace XTrace.Tests;

/// <summary>What tests let another process do: this assembly's entry point, and the way to it.</summary>
internal static class OtherProcess
{
    /// <summary>Runs this assembly in a process of its own, in the namespace of the calling thread, and returns what it printed.</summary>
    internal static string Run(params string[] arguments) => RunUnder([], arguments);

    /// <summary>The same under a program that takes a command to run.</summary>
    internal static string RunUnder(string[] wrapper, params string[] arguments)
    {
        string[] command = [.. wrapper, "dotnet", typeof(OtherProcess).Assembly.Location, .. arguments];
        return Command.Run(command[0], command[1..]).Trim();
    }

    private static int Main(string[] arguments)
    {
        try
        {
            switch (arguments)
            {
                case ["start", string name]:
                    Console.WriteLine(MonitorStore.Start(name, new MonitorOptions(), force: false, _ => { }).State);
                    return 0;
                case ["start-and-die", string name]:
                    MonitorStore.Start(name, new MonitorOptions(), force: false, _ => { });
                    Command.Run("kill", "-9", $"{Environment.ProcessId}");
                    return 0;
                case ["stop", string name]:
                    MonitorStore.Stop(MonitorStore.Find(name)!);
                    return 0;
                case ["list"]:
                    Console.WriteLine(string.Join('\n', MonitorStore.List().Select(one => $"{one.InterfaceAlias} {one.State} {one.Packets} {one.Bytes}")));
                    return 0;
                default:
                    return 2;
            }
        }
        catch (XTraceException error)
        {
            Console.Error.WriteLine($"{error.ErrorId}: {error.Message}");
            return 1;
        }
    }
}
