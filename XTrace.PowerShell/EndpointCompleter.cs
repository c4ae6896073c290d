using System.Collections;
using System.Globalization;
using System.Management.Automation;
using System.Management.Automation.Language;
using XTrace.Flows;

namespace XTrace.PowerShell;

/// <summary>Completes the ends of the flows that monitors count now, the most packets first.</summary>
public abstract class EndpointCompleter : IArgumentCompleter
{
    private const int Most = 50;

    /// <summary>The ends that begin with the typed text. Without a monitor, or the right to read one, there are none.</summary>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
    {
        string typed = wordToComplete.Trim('\'', '"');
        Dictionary<string, double> packets = [];
        ForEachFlow(fakeBoundParameters, flow =>
        {
            foreach ((string text, ulong more) in EndsOf(flow).Where(end => end.Text.StartsWith(typed, StringComparison.OrdinalIgnoreCase)))
            {
                packets[text] = packets.GetValueOrDefault(text) + more;
            }
        });
        return Completions.Match(wordToComplete, packets.OrderByDescending(end => end.Value).Take(Most).Select(end =>
            (end.Key, string.Create(CultureInfo.InvariantCulture, $"{end.Key}, {end.Value:0}"))));
    }

    private protected abstract IEnumerable<(string Text, ulong Packets)> EndsOf(FlowStat flow);

    /// <summary>Hands out each flow alone: there may be a million.</summary>
    private static void ForEachFlow(IDictionary? bound, Action<FlowStat> take)
    {
        bool isNamed = LanguagePrimitives.TryConvertTo(bound?["InterfaceAlias"], out string[] named) && named is { Length: > 0 };
        try
        {
            using FlowSession session = new(
                new FlowSessionOptions { Interfaces = isNamed ? named : ["*"], ReadEnds = false, MonitorsOnly = true }, _ => { });
            session.Open();
            foreach (FlowStat flow in session.ReadsMonitors ? session.SampleMonitors().Flows() : [])
            {
                take(flow);
            }
        }
        catch (XTraceException)
        {
            // Nothing to propose.
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
