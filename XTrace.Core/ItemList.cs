using System.Collections.ObjectModel;
using System.Runtime.CompilerServices;

namespace XTrace;

/// <summary>A list that reads as what is in it: Export-Csv, and ConvertTo-Json below its depth, write ToString of a list.</summary>
/// <typeparam name="T">What is in it.</typeparam>
/// <param name="items">The items, in order.</param>
[CollectionBuilder(typeof(ItemList), nameof(ItemList.Create))]
public sealed class ItemList<T>(IList<T> items) : ReadOnlyCollection<T>(items)
{
    /// <summary>The items, separated by commas.</summary>
    public override string ToString() => string.Join(", ", this);
}

/// <summary>Makes lists for collection expressions.</summary>
public static class ItemList
{
    /// <summary>A list of these items.</summary>
    /// <typeparam name="T">What is in it.</typeparam>
    public static ItemList<T> Create<T>(ReadOnlySpan<T> items) => new(items.ToArray());
}
