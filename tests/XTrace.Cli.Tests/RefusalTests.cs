using System.Runtime.InteropServices;
using XTrace.Bpf;
using XTrace.Messages;
using XTrace.Monitors;

namespace XTrace.Cli.Tests;

/// <summary>What the kernel refuses becomes one line with the reason in it, however long the log.</summary>
public class RefusalTests
{
    private const uint StrictAlignment = 1; // BPF_F_STRICT_ALIGNMENT, linux/bpf.h

    [Fact]
    [Trait("Category", "Privileged")]
    public void Of_the_verifier_s_log_the_reason_is_told()
    {
        BpfException refusal = Load(bpf => Assert.Equal(
            0, SetFlags(LibBpf.bpf_object__find_program_by_name(bpf, FlowProgram.XdpName), StrictAlignment)));
        Assert.True(refusal.Log.Count(character => character == '\n') > 100);
        Assert.Matches(
            @"^Cannot load the BPF programs into the kernel: Permission denied \(errno 13\)\. "
            + @"[^\n]+\. misaligned packet access off [^\n]+$",
            Programs.OptionMessages.Describe(refusal));
    }

    [Fact]
    [Trait("Category", "Privileged")]
    public void Of_libbpf_s_log_the_line_before_the_last_is_told()
    {
        BpfException refusal = Load(bpf => bpf.SetMaxEntries("flows", uint.MaxValue));
        Assert.Matches(
            @"^Cannot load the BPF programs into the kernel: [^\n]+\. libbpf: map 'flows': failed to create: [^\n]+$",
            Programs.OptionMessages.Describe(refusal));
    }

    [Theory]
    [InlineData("")]
    [InlineData("libbpf: failed to load object 'xtrace'\n")]
    public void Without_a_reason_the_message_stands_alone(string log)
    {
        const int NoDevice = 19; // ENODEV
        Assert.Equal(
            "Cannot attach native XDP to eth0: No such device (errno 19). Check that the interface is still there.",
            Programs.OptionMessages.Describe(new BpfException(KernelOperation.Attach("native XDP", "eth0"), NoDevice, log)));
    }

    private static BpfException Load(Action<BpfObject> spoil)
    {
        using BpfObject bpf = BpfObject.OpenResource(typeof(FlowProgram).Assembly, "xtrace.bpf.o");
        foreach (string map in new[] { "flows", "details", "buckets", "points", "totals", "cpus" })
        {
            bpf.SetMaxEntries(map, 1);
        }
        bpf.SetMaxEntries("ends", TableSize.EndBytes);
        spoil(bpf);
        return Assert.Throws<BpfException>(bpf.Load);
    }

    [DllImport("libbpf.so.1", EntryPoint = "bpf_program__set_flags")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SetFlags(nint program, uint flags);
}
