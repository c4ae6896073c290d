namespace XTrace.Live;

/// <summary>A column of a table.</summary>
/// <typeparam name="T">What a row is of.</typeparam>
/// <param name="Title">What stands above it.</param>
/// <param name="Width">Columns of the terminal that it needs; for one that stretches the least.</param>
/// <param name="Text">What it shows.</param>
internal sealed record Column<T>(string Title, int Width, Func<T, string> Text)
{
    /// <summary>The greatest rank of columns that every terminal shall have.</summary>
    internal const int LastCore = 9;

    /// <summary>Numbers stand at the right.</summary>
    internal bool IsRight { get; init; }

    /// <summary>Columns are left out where there is no room, the greatest rank first.</summary>
    internal int Rank { get; init; }

    /// <summary>Whether it takes what the others leave, as much as its texts need.</summary>
    internal bool Stretches { get; init; }

    /// <summary>Whether a text that is too long is cut in its middle: an address and its port tell most at their ends.</summary>
    internal bool CutsMiddle { get; init; }

    /// <summary>The order that the column stands for; null where nobody would sort by it.</summary>
    internal Func<T, double>? Weight { get; init; }

    /// <summary>How it is shown.</summary>
    internal Func<T, Ink> Ink { get; init; } = _ => Live.Ink.Plain;
}
