using System.Buffers.Binary;
using XTrace.Bpf;
using XTrace.Messages;

namespace XTrace.Bench;

/// <summary>The kinds of program that there are drivers for.</summary>
internal enum ProgramKind
{
    Xdp,
    Tc,
}

/// <summary>bpf/driver.bpf.c: sends packets of flow after flow through a program.</summary>
internal sealed unsafe class Driver : IDisposable
{
    private const uint XdpPass = 2; // linux/bpf.h
    private const uint TcUnspecified = uint.MaxValue; // TC_ACT_UNSPEC, linux/pkt_cls.h
    private const int ContextLength = 192; // struct __sk_buff, linux/bpf.h
    private const int ContextInterface = 40; // its ifindex
    private readonly BpfObject _bpf;
    private readonly ProgramKind _kind;
    private readonly byte[] _context = [];

    /// <param name="flows">How many flows it goes through before it begins again: a power of two.</param>
    /// <param name="kind">Of the programs that it is to send them through.</param>
    /// <param name="interfaceIndex">The interface that TC programs are told the packets came through; 0: lo.</param>
    internal Driver(int flows, ProgramKind kind = ProgramKind.Xdp, int interfaceIndex = 0)
    {
        _kind = kind;
        if (interfaceIndex != 0)
        {
            _context = new byte[ContextLength];
            BinaryPrimitives.WriteInt32LittleEndian(_context.AsSpan(ContextInterface), interfaceIndex);
        }
        _bpf = BpfObject.OpenResource(typeof(Driver).Assembly, "driver.bpf.o");
        _bpf.ReadOnlyData<uint>() = (uint)flows;
        foreach (string other in kind == ProgramKind.Tc ? (string[])["xdp_driver", "xdp_empty"] : ["tc_driver", "tc_empty"])
        {
            _bpf.LeaveOut(other);
        }
        _bpf.Load();
    }

    internal BpfHandle Empty => _bpf.Program(_kind == ProgramKind.Tc ? "tc_empty" : "xdp_empty");

    /// <summary>Sends packets, and gives the CPU time of one in nanoseconds, this program's own included.</summary>
    internal double Run(BpfHandle program, int packets)
    {
        uint slot = 0;
        int descriptor = (int)program.DangerousGetHandle();
        BpfHandle target = _bpf.Map("target");
        int result = LibBpf.bpf_map_update_elem(target, &slot, &descriptor, 0);
        if (result < 0)
        {
            throw new BpfException(new KernelOperation("put the program behind the driver", "将程序置于驱动之后"), -result);
        }
        BpfHandle driver = _bpf.Program(_kind == ProgramKind.Tc ? "tc_driver" : "xdp_driver");
        Span<byte> packet = Packet();
        double start = PinnedThread.CpuNanoseconds;
        (uint verdict, _) = BpfProgram.TestRun(driver, packet, packets, _context);
        double nanoseconds = (PinnedThread.CpuNanoseconds - start) / packets;
        return verdict == (_kind == ProgramKind.Tc ? TcUnspecified : XdpPass)
            ? nanoseconds
            : throw new InvalidOperationException($"The program returned {verdict}: the tail call into it failed.");
    }

    public void Dispose() => _bpf.Dispose();

    /// <summary>Ethernet, IPv4, UDP in 64 bytes; the driver writes source address and ports.</summary>
    private static byte[] Packet()
    {
        byte[] packet = new byte[64];
        packet[12] = 0x08; // ethertype IPv4
        packet[14] = 0x45; // version 4, 20 bytes
        packet[17] = 50; // total length
        packet[23] = 17; // UDP
        packet[30] = 10; // to 10.0.0.2
        packet[33] = 2;
        packet[39] = 30; // UDP length
        return packet;
    }
}
