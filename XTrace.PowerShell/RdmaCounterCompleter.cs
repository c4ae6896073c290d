using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using XTrace.Rdma;

namespace XTrace.PowerShell;

/// <summary>Completes names of counters: those of the devices that are named on the line, else of all.</summary>
public sealed class RdmaCounterCompleter : IArgumentCompleter
{
    /// <summary>The counters whose names begin with what was typed, with what they mean.</summary>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
    {
        bool isNamed = LanguagePrimitives.TryConvertTo(fakeBoundParameters?["Device"], out string[] named) && named is { Length: > 0 };
        string[] wanted = isNamed ? named : ["*"];
        CounterSelection selection = new() { Targets = [.. wanted.Select(device => new RdmaTarget(device))] };
        using CounterSampler sampler = new(selection, _ => { });
        sampler.Find();
        IEnumerable<Counter> counters = sampler.Counters.DistinctBy(counter => counter.Name);
        return [.. Completions.Match(wordToComplete, counters.Select(counter => (counter.Name, counter.Info.Meaning ?? counter.Name)))];
    }
}
