using XTrace.Flows;
using XTrace.Fuzz;
using XTrace.Monitors;

namespace XTrace.Tests;

/// <summary>A short run of 'make fuzz', always the same; and that it finds what is wrong.</summary>
[Trait("Category", "Privileged")]
public sealed class FuzzTests
{
    private const ulong Seed = 20;

    [Fact]
    public void A_hundred_thousand_frames_are_counted_as_the_standards_say()
    {
        Fuzzer fuzzer = new(Seed, 100_000, Decoder.Decode);
        fuzzer.Run(_ => { });
        Assert.Equal(100_000, fuzzer.Tally.Frames);
    }

    public static TheoryData<string> Rules => new()
    {
        "RoCE is UDP", "no tags", "no flow is malformed", "a fragment has ports", "a port is one higher",
    };

    /// <summary>A decoder that has one rule wrong: the first frame that shows it is named, and is told how it was counted.</summary>
    [Theory]
    [MemberData(nameof(Rules))]
    public void A_wrong_rule_is_a_disagreement(string rule)
    {
        Verdict Wrong(ReadOnlySpan<byte> frame) => Break(rule, Decoder.Decode(frame));
        Disagreement disagreement = Assert.Throws<Disagreement>(() => new Fuzzer(Seed, 100_000, Wrong).Run(_ => { }));
        Assert.Contains("seed     ", disagreement.Message, StringComparison.Ordinal);
        Assert.Contains($"frame    {Convert.ToHexStringLower(disagreement.Frame!)}", disagreement.Message, StringComparison.Ordinal);
        Assert.NotEqual(Decoder.Decode(disagreement.Frame), Wrong(disagreement.Frame));
    }

    private static Verdict Break(string rule, Verdict right)
    {
        FlowKey key = right.Key;
        bool hasPorts = (key.Kind & FlowAbi.PortsMask) == FlowAbi.Ports;
        switch (rule)
        {
            case "RoCE is UDP" when (key.Kind & FlowAbi.PortsMask) == FlowAbi.RoceV2:
                key.Kind = (byte)((key.Kind & FlowAbi.AddressMask) | FlowAbi.Ports);
                break;
            case "no tags":
                key.Vlan = 0;
                break;
            case "a fragment has ports" when (key.Kind & FlowAbi.PortsMask) == FlowAbi.Fragment:
                key.Kind = (byte)((key.Kind & FlowAbi.AddressMask) | FlowAbi.Ports);
                break;
            case "a port is one higher" when hasPorts:
                key.Ports++;
                break;
        }
        return new Verdict(right.IsMalformed && rule != "no flow is malformed", key);
    }

    /// <summary>As if a program had lost one of two frames.</summary>
    [Fact]
    public void A_lost_frame_is_a_disagreement()
    {
        Shot shot = new(Testbed.Frames.Udp4("10.0.0.1", 1, "10.0.0.2", 2), Hook.TcEgress, default, Headers: null);
        Disagreement disagreement = Assert.Throws<Disagreement>(() => RunOnce(shot, alter: (expectation, verdict) =>
            expectation.Add(shot.Direction, in verdict, isKept: true, shot.OnWire(isMalformed: false))));
        const string Text = "all frames: expected 2 packets, 84 bytes, came 1 packets, 42 bytes";
        Assert.Contains(Text, disagreement.Message, StringComparison.Ordinal);
    }

    /// <summary>As if a program took the headers of a super-packet for longer or shorter than they are.</summary>
    [Theory]
    [InlineData(54, true)]
    [InlineData(50, false)]
    [InlineData(58, false)]
    public void Headers_of_another_length_are_a_disagreement(int headers, bool isRight)
    {
        byte[] frame = Testbed.Frames.Tcp4("10.0.0.1", 1, "10.0.0.2", 2, 1000);
        Shot shot = new(frame, Hook.TcIngress, new SkbContext { SegmentSize = 300 }, headers);
        Exception? error = Record.Exception(() => RunOnce(shot, (_, _) => { }));
        Assert.Equal(isRight, error is null);
        Assert.Equal(isRight ? null : shot.Bytes.ToArray(), (error as Disagreement)?.Frame);
    }

    /// <summary>Runs a frame and compares.</summary>
    /// <param name="shot">The frame.</param>
    /// <param name="alter">Changes what is expected.</param>
    private static void RunOnce(Shot shot, Action<Expectation, Verdict> alter)
    {
        using FuzzTable table = new(new MonitorOptions { MaxFlow = 64 }, readsEnds: true);
        Expectation expectation = new(areEndsRead: true);
        table.Take();
        new Trial(Decoder.Decode, filter: null).Run(table, expectation, in shot);
        alter(expectation, Decoder.Decode(shot.Bytes.Span));
        table.Take();
        expectation.Check(table);
    }
}
