using System.Globalization;
using XTrace.Messages;
using XTrace.Sessions;

namespace XTrace.Rdma;

/// <summary>Says what is wrong with the ports of a sample: a line for each finding, and one for each port without any.</summary>
internal sealed class HealthExaminer : IDisposable
{
    private readonly IReadOnlyCollection<RdmaHealthCheck> _checks;
    private readonly HealthReader _reader;
    private readonly HealthJudge _judge = new(HealthRule.All);
    private readonly HealthRule _healthy = HealthRule.All.First(rule => rule.Measure == HealthMeasure.Healthy);

    /// <param name="wanted">Only these checks; without one, or with All, all.</param>
    internal HealthExaminer(IReadOnlyCollection<RdmaHealthCheck> wanted)
    {
        _checks = wanted.Contains(RdmaHealthCheck.All) ? [] : wanted;
        _reader = new HealthReader(readsQueuePairs: IsWanted(RdmaHealthCheck.QueuePairs));
    }

    /// <summary>Reads the facts without a counter, and judges everything.</summary>
    internal IEnumerable<RdmaHealth> Examine(RdmaSample sample)
    {
        HealthFacts[] all = _reader.Read(sample.Places);
        foreach (HealthFacts facts in all)
        {
            HealthFinding[] findings = [.. _judge.Judge(facts, all).Where(finding => IsWanted(finding.Rule.Check))];
            foreach (HealthFinding finding in findings)
            {
                yield return Make(sample, facts, finding.Rule, finding.Status, finding.Evidence);
            }
            if (findings.Length == 0 && facts.Port is not null)
            {
                yield return Make(sample, facts, _healthy, RdmaHealthStatus.Ok, Healthy(facts));
            }
        }
    }

    public void Dispose() => _reader.Dispose();

    private bool IsWanted(RdmaHealthCheck check) => _checks.Count == 0 || _checks.Contains(check);

    private string Healthy(HealthFacts facts)
    {
        int done = _checks.Count > 0 ? _checks.Count : Enum.GetValues<RdmaHealthCheck>().Length - 1;
        string seconds = facts.Elapsed.TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture);
        return HealthMessages.Healthy.Text(done, facts.Counters.Count, seconds, $"{facts.State}, {facts.Rate}");
    }

    private static RdmaHealth Make(RdmaSample sample, HealthFacts facts, HealthRule rule, RdmaHealthStatus status, string evidence) => new()
    {
        Sample = sample.Number,
        Timestamp = sample.Timestamp,
        Device = facts.Device,
        Port = facts.Port,
        InterfaceAlias = facts.InterfaceAlias,
        Check = rule.Check,
        Status = status,
        Evidence = evidence,
        Meaning = rule.Meaning,
        Advice = rule.Advice,
    };
}
