using System.Management.Automation;

namespace XTrace.PowerShell;

/// <summary>
/// A name that a user gave, perhaps with wildcards. Linux lets interfaces be called <c>a*</c> or <c>a[0]</c>: what is called
/// exactly that is what was meant. What cannot be a wildcard pattern is a name.
/// </summary>
internal sealed class NamePattern
{
    private readonly string _name;
    private readonly WildcardPattern? _pattern;

    internal NamePattern(string name)
    {
        _name = name;
        if (WildcardPattern.ContainsWildcardCharacters(name))
        {
            try
            {
                _pattern = WildcardPattern.Get(name, WildcardOptions.IgnoreCase);
                _ = _pattern.IsMatch("");
            }
            catch (WildcardPatternException)
            {
                _pattern = null;
            }
        }
    }

    /// <summary>Whether it names one thing, which must be there.</summary>
    internal bool IsExact => _pattern is null;

    /// <summary>Whether a wildcard means this, or it is the name, in capitals or not.</summary>
    internal bool IsMatch(string name) => _pattern?.IsMatch(name) ?? _name.Equals(name, StringComparison.OrdinalIgnoreCase);

    /// <summary>What is meant of all that there is.</summary>
    internal IReadOnlyList<T> Choose<T>(IReadOnlyCollection<T> all, Func<T, string> nameOf)
    {
        List<T> exact = [.. all.Where(one => nameOf(one) == _name)];
        return exact.Count > 0 || IsExact ? exact : [.. all.Where(one => IsMatch(nameOf(one)))];
    }
}
