using System.Text;
using System.Text.RegularExpressions;

namespace XTrace.Net;

/// <summary>
/// A name that a user gave, perhaps with the wildcards of PowerShell: <c>*</c>, <c>?</c>, <c>[a-c]</c>, and a backtick before
/// a character without special meaning. Linux allows interfaces with the names <c>a*</c> or <c>a[0]</c>, or <c>eth0</c> and
/// <c>ETH0</c> side by side. So an exact name always wins. Without one, capitals do not matter. Text that cannot be a pattern is
/// a name.
/// </summary>
internal sealed class NamePattern
{
    private readonly string _given;
    private readonly string? _name;
    private readonly Regex? _pattern;

    internal NamePattern(string given)
    {
        _given = given;
        (string literal, string expression, bool hasWildcards) = Translate(given);
        if (hasWildcards)
        {
            _pattern = new Regex(expression, RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.Singleline);
        }
        else
        {
            _name = literal;
        }
    }

    /// <summary>Whether it names one thing, which must be there.</summary>
    internal bool IsExact => _pattern is null;

    /// <summary>The name, without the backticks; null where there are wildcards.</summary>
    internal string? Name => _name;

    /// <summary>Whether it means something of this name, in capitals or not.</summary>
    internal bool IsMatch(string name) => _pattern?.IsMatch(name) ?? name.Equals(_name, StringComparison.OrdinalIgnoreCase);

    /// <summary>The items that match: an exact name, otherwise all that match the pattern.</summary>
    internal IReadOnlyList<T> Choose<T>(IReadOnlyCollection<T> all, Func<T, string> nameOf)
    {
        List<T> exact = [.. all.Where(item => nameOf(item) == _given || nameOf(item) == _name)];
        return exact.Count > 0 ? exact : [.. all.Where(item => IsMatch(nameOf(item)))];
    }

    public override string ToString() => _given;

    private static (string Literal, string Expression, bool HasWildcards) Translate(string given)
    {
        StringBuilder literal = new();
        StringBuilder expression = new("^");
        bool hasWildcards = false;
        for (int i = 0; i < given.Length; i++)
        {
            int set = given[i] == '[' ? given.IndexOf(']', Math.Min(i + 2, given.Length)) : -1;
            if (given[i] is '*' or '?')
            {
                expression.Append(given[i] == '*' ? ".*" : ".");
                hasWildcards = true;
            }
            else if (set > 0 && TrySet(given[(i + 1)..set], out string members))
            {
                expression.Append(members);
                hasWildcards = true;
                i = set;
            }
            else
            {
                i += given[i] == '`' && i + 1 < given.Length ? 1 : 0;
                literal.Append(given[i]);
                expression.Append(Regex.Escape($"{given[i]}"));
            }
        }
        return (literal.ToString(), expression.Append('$').ToString(), hasWildcards);
    }

    /// <summary>The members of a set as a regular expression's; false where a range runs backwards.</summary>
    private static bool TrySet(string members, out string expression)
    {
        StringBuilder set = new("[");
        expression = "";
        for (int i = 0; i < members.Length; i++)
        {
            bool isRange = i + 2 < members.Length && members[i + 1] == '-';
            char last = isRange ? members[i + 2] : members[i];
            if (last < members[i])
            {
                return false;
            }
            set.Append($"\\u{(int)members[i]:x4}-\\u{(int)last:x4}");
            i += isRange ? 2 : 0;
        }
        expression = set.Append(']').ToString();
        return true;
    }
}
