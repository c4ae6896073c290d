using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using XTrace.Bpf;
using XTrace.Flows;

namespace XTrace.Monitors;

/// <summary>The BPF programs and maps of one monitor, in the kernel and not attached yet.</summary>
internal sealed unsafe class FlowProgram : IDisposable
{
    internal const string XdpName = "xtrace_xdp";
    internal const string TcName = "xtrace_tc";

    private readonly BpfObject _bpf;

    private FlowProgram(BpfObject bpf, int cpus, int setsPerCpu)
    {
        _bpf = bpf;
        Cpus = cpus;
        SetsPerCpu = setsPerCpu;
    }

    internal int Cpus { get; }

    internal int SetsPerCpu { get; }

    internal BpfHandle Xdp => _bpf.Program(XdpName);

    internal BpfHandle Tc => _bpf.Program(TcName);

    internal BpfHandle Clock => _bpf.Program("xtrace_clock");

    internal BpfHandle Flows => _bpf.Map("flows");

    internal BpfHandle States => _bpf.Map("cpus");

    internal BpfHandle Meta => _bpf.Map("meta");

    /// <summary>Loads what a monitor needs.</summary>
    /// <exception cref="BpfException">The kernel refused; the log says why.</exception>
    internal static FlowProgram Load(ProgramRequest request)
    {
        BpfObject bpf = BpfObject.OpenResource(typeof(FlowProgram).Assembly, "xtrace.bpf.o");
        try
        {
            int cpus = PossibleCpus;
            int setsPerCpu = request.SetsPerCpu;
            long sets = (long)cpus * setsPerCpu;
            if (sets > uint.MaxValue)
            {
                throw new BpfException($"make a table of {sets} sets", Errnos.E2BIG);
            }
            bpf.SetMaxEntries("flows", (uint)sets);
            bpf.SetMaxEntries("cpus", (uint)cpus);
            ref ProgramConfig config = ref bpf.ReadOnlyData<ProgramConfig>();
            config.SetsPerCpu = (uint)setsPerCpu;
            bool takesFrags = request.TakesFrags && BpfProgram.CanTakeFrags;
            config.HasFrags = takesFrags ? 1u : 0u;
            config.Link = request.Link;
            config.Filter = request.Filter;
            if (request.Owner is { } owner)
            {
                (config.Owner, config.OwnerStarted, config.OwnerNamespace) = ((uint)owner.Id, owner.Started, owner.Namespace);
            }
            RandomNumberGenerator.Fill(MemoryMarshal.AsBytes(MemoryMarshal.CreateSpan(ref config.HashSeed[0], FlowAbi.HashSeeds)));
            LeaveOut(bpf, request);
            if (takesFrags)
            {
                bpf.SetProgramFlags(XdpName, LibBpf.ProgramFlagXdpHasFrags);
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

    private static void LeaveOut(BpfObject bpf, ProgramRequest request)
    {
        if (!request.NeedsXdp)
        {
            bpf.LeaveOut(XdpName);
        }
        if (!request.NeedsTc)
        {
            bpf.LeaveOut(TcName);
        }
    }

    public void Dispose() => _bpf.Dispose();

    /// <summary>One more than the highest number that a CPU may ever have; the list, such as 0-3,8, may have holes.</summary>
    internal static int PossibleCpus
    {
        get
        {
            string list = File.ReadAllText("/sys/devices/system/cpu/possible").Trim();
            return int.Parse(list.AsSpan(list.LastIndexOfAny([',', '-']) + 1), CultureInfo.InvariantCulture) + 1;
        }
    }
}
