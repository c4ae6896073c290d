using XTrace.Live;
using XTrace.Programs;

namespace XTrace.Cli;

/// <summary>The live view, until the user or a signal ends it.</summary>
internal static class LiveWatch
{
    /// <returns>False where something that was asked for could not be watched.</returns>
    /// <exception cref="XTraceException">There is no terminal, or nothing can be watched.</exception>
    internal static bool Run(LiveOptions options)
    {
        LiveView view = new(options);
        using (view)
        {
            using Interruption interruption = StandardOutput.EndsWith(view.Stop, view.Abandon);
            if (view.Open())
            {
                view.Run();
            }
        }
        foreach (Notice notice in view.Notices)
        {
            Console.Error.WriteLine($"{CommandLine.Name}: {OptionMessages.Describe(notice)}");
        }
        return !view.Notices.Any(notice => notice.Level == NoticeLevel.Error);
    }
}
