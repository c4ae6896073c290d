using Xunit.Runners;

namespace XTrace.Tests;

/// <summary>Runs some tests of this assembly without a test host, which an emulated processor takes a minute to start.</summary>
internal static class ChosenTests
{
    /// <summary>
    /// Runs the tests whose names contain one of the choices. A choice has the form <c>Class.beginning of a name</c>; a choice that
    /// begins with <c>!</c> leaves its tests out.
    /// </summary>
    /// <returns>The exit code: 0 if tests ran and none failed.</returns>
    internal static int Run(string[] choices)
    {
        string[] wanted = [.. choices.Where(choice => choice[0] != '!')];
        string[] unwanted = [.. choices.Except(wanted).Select(choice => choice[1..])];
        using AssemblyRunner runner = AssemblyRunner.WithoutAppDomain(typeof(ChosenTests).Assembly.Location);
        using ManualResetEventSlim end = new();
        int passed = 0, failed = 0, skipped = 0;
        runner.TestCaseFilter = test => wanted.Any(Contains(test.DisplayName)) && !unwanted.Any(Contains(test.DisplayName));
        runner.OnTestPassed = test => Say("Passed", ref passed, test);
        runner.OnTestSkipped = test => Say("Skipped", ref skipped, test);
        runner.OnTestFailed = test =>
        {
            Say("Failed", ref failed, test);
            Console.WriteLine($"    {test.ExceptionMessage}\n{test.ExceptionStackTrace}");
        };
        runner.OnErrorMessage = error =>
        {
            failed++;
            Console.WriteLine($"  Failed {error.MesssageType}\n    {error.ExceptionMessage}\n{error.ExceptionStackTrace}");
        };
        runner.OnExecutionComplete = _ => end.Set();
        runner.Start(new AssemblyRunnerStartOptions
        {
            Parallel = false,
            PreEnumerateTheories = true,
            TypesToRun = [.. wanted.Select(choice => $"{typeof(ChosenTests).Namespace}.{choice.Split('.')[0]}").Distinct()],
        });
        end.Wait();
        // It says that it is done a moment before it can be disposed.
        SpinWait.SpinUntil(() => runner.Status == AssemblyRunnerStatus.Idle);
        Console.WriteLine($"{passed} passed, {failed} failed, {skipped} skipped");
        return failed == 0 && passed > 0 ? 0 : 1;
    }

    private static Func<string, bool> Contains(string name) => choice => name.Contains(choice, StringComparison.Ordinal);

    private static void Say(string outcome, ref int count, TestInfo test)
    {
        count++;
        Console.WriteLine($"  {outcome} {test.TestDisplayName}{(test is TestExecutedInfo ran ? $" [{ran.ExecutionTime:F1} s]" : "")}");
    }
}
