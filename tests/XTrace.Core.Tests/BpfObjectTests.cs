using XTrace.Bpf;
using XTrace.Flows;
using XTrace.Monitors;

namespace XTrace.Tests;

/// <summary>The BPF objects that the engine has for each machine.</summary>
public sealed class BpfObjectTests
{
    private const int Barriers = 4; // publish_barrier() in bpf/table.h

    [Theory]
    [InlineData("owners.bpf.o")]
    [InlineData("queue_pairs.bpf.o")]
    public void What_keeps_no_table_is_the_same_for_both(string name) => Assert.Equal(Read(Machine.X64, name), Read(Machine.Arm64, name));

    /// <summary>x86 orders stores by itself, and Linux 5.10 has no atomic operation that does: see bpf/table.h.</summary>
    [Theory]
    [InlineData("xtrace.bpf.o")]
    [InlineData("xtrace_details.bpf.o")]
    public void A_table_orders_its_stores_as_the_machine_needs_it(string name)
    {
        Assert.Equal((0, 0), AtomicsOf(Read(Machine.X64, name)));
        Assert.Equal((0, Barriers), AtomicsOf(Read(Machine.Arm64, name)));
    }

    /// <summary>
    /// Atomic operations without and with BPF_FETCH, which alone orders the stores around it: BPF_STX | BPF_ATOMIC | BPF_DW, and BPF_ADD
    /// or BPF_OR, linux/bpf.h.
    /// </summary>
    private static (int Without, int With) AtomicsOf(byte[] image)
    {
        int without = 0, with = 0;
        // Instructions are 8 bytes long: opcode, registers, offset of 16 bits, a number of 32.
        for (int at = 0; at + 8 <= image.Length; at += 8)
        {
            if (image[at] == 0xdb && image.AsSpan(at + 5, 3) is [0, 0, 0])
            {
                without += image[at + 4] is 0x00 or 0x40 ? 1 : 0;
                with += image[at + 4] is 0x01 or 0x41 ? 1 : 0;
            }
        }
        return (without, with);
    }

    private static byte[] Read(Machine machine, string name)
    {
        using Stream stream = typeof(FlowProgram).Assembly.GetManifestResourceStream($"{machine.Name}/{name}")!;
        byte[] image = new byte[stream.Length];
        stream.ReadExactly(image);
        return image;
    }

    /// <summary>As far as another machine's kernel can tell: it takes the programs of arm64 as well.</summary>
    [Fact]
    [Trait("Category", "Privileged")]
    public void The_verifier_takes_the_programs_for_arm64()
    {
        foreach (string name in (string[])["xtrace.bpf.o", "xtrace_details.bpf.o"])
        {
            using BpfObject bpf = BpfObject.Open(Read(Machine.Arm64, name));
            ref ProgramConfig config = ref bpf.ReadOnlyData<ProgramConfig>();
            (config.Buckets, config.Points, config.Strays) = (16, 16, 16);
            bpf.Load();
        }
    }
}
