using System.Buffers.Binary;

namespace XTrace.Cli.Tests;

/// <summary>The parts that a program is made of.</summary>
public sealed class ProgramTests
{
    private const int ObjectsInBpf = 4; // bpf/*.bpf.c
    private const ushort MachineBpf = 247; // EM_BPF, linux/elf-em.h
    private const int MachineOffset = 18; // e_machine of Elf64_Ehdr, elf.h

    private static readonly byte[] s_elf = [0x7f, (byte)'E', (byte)'L', (byte)'F', 2, 1, 1];

    /// <summary>The module's engine has those of all machines; a program of machine code needs one machine's.</summary>
    [Theory]
    [InlineData("xtrace-catch")]
    [InlineData("xtrace-exporter")]
    public void It_has_the_BPF_objects_of_its_own_machine_only(string program)
    {
        ReadOnlySpan<byte> rest = File.ReadAllBytes(Repository.PathOf($"out/{program}"));
        int objects = 0;
        for (int at; (at = rest.IndexOf(s_elf)) >= 0; rest = rest[(at + 1)..])
        {
            objects += BinaryPrimitives.ReadUInt16LittleEndian(rest[(at + MachineOffset)..]) == MachineBpf ? 1 : 0;
        }
        Assert.Equal(ObjectsInBpf, objects);
    }
}
