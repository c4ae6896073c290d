using System.Numerics;

namespace XTrace.Flows;

/// <summary>So many frames, and the bytes that they have.</summary>
internal readonly record struct FrameCount(ulong Packets, ulong Bytes) : IAdditionOperators<FrameCount, FrameCount, FrameCount>
{
    public static FrameCount operator +(FrameCount one, FrameCount other) => new(one.Packets + other.Packets, one.Bytes + other.Bytes);

    /// <summary>The difference; where it would be below zero, it wraps around as the numbers do.</summary>
    public static FrameCount operator -(FrameCount one, FrameCount other) => new(one.Packets - other.Packets, one.Bytes - other.Bytes);

    /// <summary>The greater of each; a number that has wrapped around below zero is the smaller one.</summary>
    internal static FrameCount Max(FrameCount one, FrameCount other) => new(
        (ulong)Math.Max((long)one.Packets, (long)other.Packets),
        (ulong)Math.Max((long)one.Bytes, (long)other.Bytes));
}
