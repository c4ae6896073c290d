using System.Collections;
using System.Globalization;
using System.Management.Automation;
using System.Management.Automation.Language;
using XTrace.Flows;

namespace XTrace.PowerShell;

/// <summary>Completes what the flows have that monitors count now, the most packets first.</summary>
public abstract class EndpointCompleter : IArgumentCompleter
{
    private const int Most = 50;

    /// <summary>What begins with what was typed. Without a monitor, or the right to read one, there is nothing to propose.</summary>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
    {
        string typed = wordToComplete.Trim('\'', '"');
        var seen = Flows(fakeBoundParameters).SelectMany(EndsOf).Where(end => end.Text.StartsWith(typed, StringComparison.OrdinalIgnoreCase))
            .GroupBy(end => end.Text)
            .Select(ends => (Text: ends.Key, Packets: ends.Sum(end => (double)end.Packets)))
            .OrderByDescending(end => end.Packets).Take(Most);
        return Completions.Of(wordToComplete, seen.Select(end =>
            (end.Text, string.Create(CultureInfo.InvariantCulture, $"{end.Text}, {end.Packets:0}"))));
    }

    private protected abstract IEnumerable<(string Text, ulong Packets)> EndsOf(FlowStat flow);

    private static List<FlowStat> Flows(IDictionary? bound)
    {
        bool isNamed = LanguagePrimitives.TryConvertTo(bound?["InterfaceAlias"], out string[] named) && named is { Length: > 0 };
        try
        {
            using FlowSession session = new(
                new FlowSessionOptions { Interfaces = isNamed ? named : ["*"], ReadEnds = false, MonitorsOnly = true }, _ => { });
            session.Open();
            return session.ReadsMonitors ? [.. session.SampleMonitors().Flows()] : [];
        }
        catch (XTraceException)
        {
            return [];
        }
    }
}

/// <summary>Completes addresses.</summary>
public sealed class AddressCompleter : EndpointCompleter
{
    private protected override IEnumerable<(string Text, ulong Packets)> EndsOf(FlowStat flow) =>
        flow.Protocol is null ? [] : [(flow.SourceAddress, flow.Packets), (flow.DestinationAddress, flow.Packets)];
}

/// <summary>Completes ports.</summary>
public sealed class PortCompleter : EndpointCompleter
{
    private protected override IEnumerable<(string Text, ulong Packets)> EndsOf(FlowStat flow) =>
        ((ushort?[])[flow.SourcePort, flow.DestinationPort]).OfType<ushort>()
            .Select(port => (port.ToString(CultureInfo.InvariantCulture), flow.Packets));
}
