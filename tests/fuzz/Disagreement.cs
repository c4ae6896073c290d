using System.Net;
using System.Runtime.InteropServices;
using XTrace.Flows;

namespace XTrace.Fuzz;

/// <summary>The programs counted otherwise than the decoder expects.</summary>
internal sealed class Disagreement : Exception
{
    /// <summary>The counts of a table do not add up.</summary>
    internal Disagreement(string text)
        : base(text)
    {
    }

    /// <summary>One frame was counted otherwise.</summary>
    internal Disagreement(in Shot shot, string expected, string came)
        : base($"""
            frame    {Convert.ToHexStringLower(shot.Bytes.Span)}
            run      {shot.Hook}, {shot.Bytes.Length} bytes, gso_size {shot.Context.SegmentSize}, gso_segs {shot.Context.Segments}
            buffer   {shot.FirstBuffer} bytes in the first, if there are several
            expected {expected}
            came     {came}
            """) => Frame = shot.Bytes.ToArray();

    private Disagreement(ulong seed, Disagreement of)
        : base($"seed     {seed}\n{of.Message}") => Frame = of.Frame;

    /// <summary>The frame, if it was one.</summary>
    internal byte[]? Frame { get; }

    /// <summary>The same, with the seed that leads to it.</summary>
    internal Disagreement With(ulong seed) => new(seed, this);

    /// <summary>A flow in words, with each byte of its key.</summary>
    internal static string Describe(in FlowKey key)
    {
        ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes(MemoryMarshal.CreateReadOnlySpan(in key, 1));
        string ports = Convert.ToHexStringLower(bytes[32..36]);
        return $"{FlowFields.TrafficTypeOf(key)}, {Address(key, bytes[..16])} -> {Address(key, bytes[16..32])}, ports {ports}, "
            + $"protocol {key.Protocol}, kind {key.Kind:x2}, vlan {key.Vlan:x4}";
    }

    internal static string Describe(FrameCount count) => $"{count.Packets} packets, {count.Bytes} bytes";

    private static string Address(in FlowKey key, ReadOnlySpan<byte> address) =>
        FlowFields.IsEthernet(key) ? Convert.ToHexStringLower(address) : new IPAddress(address).ToString();
}
