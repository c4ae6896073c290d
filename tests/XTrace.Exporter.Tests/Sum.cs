using System.Text.Json;

namespace XTrace.Exporter.Tests;

/// <summary>So many flows with so many packets and bytes.</summary>
internal readonly record struct Sum(long Flows, long Packets, long Bytes)
{
    public static Sum operator +(Sum one, Sum other) => new(one.Flows + other.Flows, one.Packets + other.Packets, one.Bytes + other.Bytes);

    /// <summary>The number that a record has under a name.</summary>
    internal static long Get(JsonElement record, string name) => record.GetProperty(name).GetInt64();
}
