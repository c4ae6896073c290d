using System.Globalization;
using System.Reflection;
using XTrace.Messages;
using XTrace.Net;

namespace XTrace.Rdma;

/// <summary>What a rule measures; <c>health.rules</c> says what each means.</summary>
internal enum HealthMeasure
{
    State,
    Width,
    Speed,
    Pcie,
    Slot,
    Growth,
    PerMillion,
    Pause,
    ErrorPairs,
    Siblings,
    Unreadable,
    None,
    Healthy,
}

/// <summary>When a measure means a status.</summary>
/// <param name="Status">The status.</param>
/// <param name="IsBelow">Whether less than the limit means it, or more.</param>
/// <param name="Limit">The limit.</param>
internal readonly record struct HealthThreshold(RdmaHealthStatus Status, bool IsBelow, double Limit)
{
    internal bool IsMet(double value) => IsBelow ? value < Limit : value > Limit;
}

/// <summary>A rule of <c>health.rules</c>, which is part of the assembly.</summary>
internal sealed class HealthRule
{
    private const string File = "health.rules";

    private readonly Dictionary<string, string> _values = [];

    private HealthRule(RdmaHealthCheck check) => Check = check;

    /// <summary>All rules, in the order of the file.</summary>
    internal static IReadOnlyList<HealthRule> All { get; } = Load();

    internal RdmaHealthCheck Check { get; }

    internal HealthMeasure Measure { get; private set; }

    /// <summary>The logical and the physical state that it is about; <c>*</c> for any.</summary>
    internal (string Logical, string Physical) States { get; private set; }

    /// <summary>The meaning of a measure, the worst first.</summary>
    internal IReadOnlyList<HealthThreshold> Thresholds { get; private set; } = [];

    internal string Meaning => Text("meaning");

    internal string? Advice => Text("advice") is { Length: > 0 } advice ? advice : null;

    private IReadOnlyList<NamePattern> Names { get; set; } = [];

    private IReadOnlyList<RdmaCounterCategory> Categories { get; set; } = [];

    private RdmaCounterDirection? Direction { get; set; }

    /// <summary>Whether it names a counter.</summary>
    internal bool Takes(CounterFact counter) =>
        (Direction is null || Direction == counter.Direction)
        && (Categories.Contains(counter.Category) || Names.Any(pattern => pattern.IsMatch(counter.Name)));

    /// <summary>The worst status that a measure means; null for none.</summary>
    internal RdmaHealthStatus? Judge(double value)
    {
        foreach (HealthThreshold threshold in Thresholds)
        {
            if (threshold.IsMet(value))
            {
                return threshold.Status;
            }
        }
        return null;
    }

    private static List<HealthRule> Load()
    {
        using StreamReader reader = new(Assembly.GetExecutingAssembly().GetManifestResourceStream(File)!);
        return Parse(reader.ReadToEnd().Split('\n'));
    }

    /// <summary>Reads the lines of a file of rules.</summary>
    /// <exception cref="InvalidDataException">A line is none of a rule.</exception>
    internal static List<HealthRule> Parse(IEnumerable<string> lines)
    {
        List<HealthRule> rules = [];
        foreach (string line in lines.Select(line => line.Trim()).Where(line => line.Length > 0 && line[0] != '#'))
        {
            if (line is ['[', .. var name, ']'])
            {
                rules.Add(new HealthRule(Enum.Parse<RdmaHealthCheck>(name)));
            }
            else if (rules.Count > 0 && line.Split('=', 2, StringSplitOptions.TrimEntries) is [var key, var value])
            {
                rules[^1]._values[key] = value;
            }
            else
            {
                throw new InvalidDataException($"{File}: not understood: {line}");
            }
        }
        rules.ForEach(rule => rule.Read());
        return rules;
    }

    private void Read()
    {
        Measure = Enum.Parse<HealthMeasure>(_values["measure"], ignoreCase: true);
        string[] states = _values.GetValueOrDefault("is", "* *").Split(' ');
        States = (states[0], states[1]);
        string[] counters = _values.GetValueOrDefault("counters", "")
            .Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        Names = [.. counters.Where(name => name[0] != '=').Select(name => new NamePattern(name))];
        Categories = [.. counters.Where(name => name[0] == '=').Select(name => Enum.Parse<RdmaCounterCategory>(name[1..]))];
        Direction = _values.TryGetValue("direction", out string? direction) ? Enum.Parse<RdmaCounterDirection>(direction) : null;
        RdmaHealthStatus[] worstFirst = [RdmaHealthStatus.Critical, RdmaHealthStatus.Warning, RdmaHealthStatus.Unknown];
        Thresholds =
        [
            .. from status in worstFirst
               where _values.ContainsKey(KeyOf(status))
               select Threshold(status, _values[KeyOf(status)]),
        ];
    }

    private static string KeyOf(RdmaHealthStatus status) => status switch
    {
        RdmaHealthStatus.Critical => "critical",
        RdmaHealthStatus.Warning => "warning",
        _ => "unknown",
    };

    private static HealthThreshold Threshold(RdmaHealthStatus status, string text) => text.Split(' ') switch
    {
        [">", var limit] => new HealthThreshold(status, false, double.Parse(limit, CultureInfo.InvariantCulture)),
        ["<", var limit] => new HealthThreshold(status, true, double.Parse(limit, CultureInfo.InvariantCulture)),
        _ => throw new InvalidDataException($"{File}: no threshold: {text}"),
    };

    private string Text(string key) => _values.GetValueOrDefault(Speech.IsChinese ? $"{key}.zh" : key, "");
}
