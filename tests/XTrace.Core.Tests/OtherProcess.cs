using System.Globalization;
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

    private static MonitorOptions Options(string hook) => new() { Hooks = [Enum.Parse<MonitorHook>(hook)] };

    private static void Die() => Command.Run("kill", "-9", $"{Environment.ProcessId}");

    private static int Main(string[] arguments)
    {
        try
        {
            switch (arguments)
            {
                case ["start", string name, string hook]:
                    Console.WriteLine(Store.Start(name, FlowDirection.Ingress, Options(hook)).State);
                    return 0;
                case ["start-and-die", string name, string hook]:
                    Store.Start(name, FlowDirection.Ingress, Options(hook));
                    Die();
                    return 0;
                case ["attach-and-die", string name, string hook]:
                    OwnMonitor.Attach(name, FlowDirection.Ingress, Options(hook));
                    Die();
                    return 0;
                case ["stop", string name, ..]:
                    Store.Stop(Store.Find(name)!);
                    return 0;
                case ["times", string now]:
                    ClockTests.Print(now);
                    return 0;
                case ["list", ..]:
                    Console.WriteLine(string.Join(
                        '\n', Store.List().Select(found => $"{found.InterfaceAlias} {found.State} {found.Packets} {found.Bytes}")));
                    return 0;
                case ["rdma-counters", .. var rest]:
                    RdmaReadTests.Print(
                        rest is [var pattern, ..] ? pattern : "*",
                        rest is [_, var samples] ? int.Parse(samples, CultureInfo.InvariantCulture) : 1);
                    return 0;
                case ["test", .. var choices]:
                    return ChosenTests.Run(choices);
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
