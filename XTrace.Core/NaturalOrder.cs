namespace XTrace;

/// <summary>Compares names with their numbers as numbers: mlx5_2 comes before mlx5_10.</summary>
internal sealed class NaturalOrder : IComparer<string>
{
    internal static readonly NaturalOrder Instance = new();

    public int Compare(string? x, string? y)
    {
        ReadOnlySpan<char> one = x, other = y;
        while (!one.IsEmpty && !other.IsEmpty)
        {
            int digits = Digits(one), otherDigits = Digits(other);
            int result = digits > 0 && otherDigits > 0
                ? CompareNumbers(one[..digits], other[..otherDigits])
                : one[0].CompareTo(other[0]);
            if (result != 0)
            {
                return result;
            }
            one = one[Math.Max(digits, 1)..];
            other = other[Math.Max(otherDigits, 1)..];
        }
        return one.Length.CompareTo(other.Length) is not 0 and var rest ? rest : string.CompareOrdinal(x, y);
    }

    private static int Digits(ReadOnlySpan<char> text)
    {
        int end = text.IndexOfAnyExceptInRange('0', '9');
        return end < 0 ? text.Length : end;
    }

    private static int CompareNumbers(ReadOnlySpan<char> one, ReadOnlySpan<char> other)
    {
        one = one.TrimStart('0');
        other = other.TrimStart('0');
        return one.Length != other.Length ? one.Length.CompareTo(other.Length) : one.SequenceCompareTo(other);
    }
}
