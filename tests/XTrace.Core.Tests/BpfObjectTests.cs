using System.Runtime.InteropServices;
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
        foreach (ulong instruction in InstructionsOf(image))
        {
            // The opcode is in the first byte, a number in the last four.
            uint operation = (uint)(instruction >> 32);
            without += (instruction & 0xff) == 0xdb && operation is (0x00 or 0x40) ? 1 : 0;
            with += (instruction & 0xff) == 0xdb && operation is (0x01 or 0x41) ? 1 : 0;
        }
        return (without, with);
    }

    /// <summary>All instructions: the sections with SHF_EXECINSTR, as Elf64_Ehdr and Elf64_Shdr of elf.h tell of them.</summary>
    private static List<ulong> InstructionsOf(byte[] image)
    {
        List<ulong> instructions = [];
        int headers = (int)BitConverter.ToUInt64(image, 40), length = BitConverter.ToUInt16(image, 58);
        for (int i = 0; i < BitConverter.ToUInt16(image, 60); i++)
        {
            int header = headers + (i * length);
            if ((BitConverter.ToUInt64(image, header + 8) & 4) != 0)
            {
                int start = (int)BitConverter.ToUInt64(image, header + 24), size = (int)BitConverter.ToUInt64(image, header + 32);
                instructions.AddRange(MemoryMarshal.Cast<byte, ulong>(image.AsSpan(start, size)));
            }
        }
        return instructions;
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
