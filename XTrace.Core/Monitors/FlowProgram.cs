using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using XTrace.Bpf;
using XTrace.Flows;

namespace XTrace.Monitors;

/// <summary>The BPF programs and maps of one monitor, in the kernel and not attached yet.</summary>
internal sealed unsafe class FlowProgram : IDisposable
{
    private readonly BpfObject _bpf;

    private FlowProgram(BpfObject bpf, int cpus, int setsPerCpu)
    {
        _bpf = bpf;
        Cpus = cpus;
        SetsPerCpu = setsPerCpu;
    }

    internal int Cpus { get; }

    internal int SetsPerCpu { get; }

    internal BpfHandle Xdp => _bpf.Program("xtrace_xdp");

    internal BpfHandle Clock => _bpf.Program("xtrace_clock");

    internal BpfHandle Flows => _bpf.Map("flows");

    internal BpfHandle States => _bpf.Map("cpus");

    internal BpfHandle Meta => _bpf.Map("meta");

    /// <summary>Loads programs and maps of the size asked for.</summary>
    /// <exception cref="BpfException">The kernel refused; the log says why.</exception>
    internal static FlowProgram Load(int setsPerCpu)
    {
        BpfObject bpf = BpfObject.OpenResource(typeof(FlowProgram).Assembly, "xtrace.bpf.o");
        try
        {
            int cpus = PossibleCpus();
            long sets = (long)cpus * setsPerCpu;
            if (sets > uint.MaxValue)
            {
                throw new BpfException($"make a table of {sets} sets", Errnos.E2BIG);
            }
            bpf.SetMaxEntries("flows", (uint)sets);
            bpf.SetMaxEntries("cpus", (uint)cpus);
            ref ProgramConfig config = ref bpf.ReadOnlyData<ProgramConfig>();
            config.SetsPerCpu = (uint)setsPerCpu;
            config.HasFrags = BpfProgram.CanTakeFrags ? 1u : 0u;
            RandomNumberGenerator.Fill(MemoryMarshal.AsBytes(MemoryMarshal.CreateSpan(ref config.HashSeed[0], FlowAbi.HashSeeds)));
            if (BpfProgram.CanTakeFrags)
            {
                bpf.SetProgramFlags("xtrace_xdp", LibBpf.ProgramFlagXdpHasFrags);
            }
            bpf.Load();
            return new FlowProgram(bpf, cpus, setsPerCpu);
        }
        catch
        {
            bpf.Dispose();
            throw;
        }
    }

    public void Dispose() => _bpf.Dispose();

    /// <summary>One more than the highest number that a CPU may ever have; the list, such as 0-3,8, may have holes.</summary>
    private static int PossibleCpus()
    {
        string list = File.ReadAllText("/sys/devices/system/cpu/possible").Trim();
        return int.Parse(list.AsSpan(list.LastIndexOfAny([',', '-']) + 1), CultureInfo.InvariantCulture) + 1;
    }
}
