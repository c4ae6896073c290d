using System.Runtime.InteropServices;
using XTrace.Bpf;
using XTrace.Flows;
using XTrace.Messages;

namespace XTrace.Monitors;

/// <summary>Loads a BPF object of XTrace: a monitor's maps once, and over them each program when it is first needed.</summary>
internal static unsafe class FlowProgram
{
    internal const string XdpName = "xtrace_xdp";

    /// <summary>The XDP program that takes frames in several buffers.</summary>
    internal const string FragmentsName = "xtrace_xdp_frag";

    /// <summary>The beginning of the names of the TC programs.</summary>
    internal const string TcPrefix = "xtrace_tc";

    private const string ClockName = "xtrace_clock";

    private const int NotJitted = 524; // ENOTSUPP, which only the kernel has, linux/errno.h

    /// <summary>
    /// The first kernel with the atomic operations of publish_barrier in bpf/table.h: arch/arm64/net/bpf_jit_comp.c. A distribution
    /// may have added them to an older one, so only a refusal counts.
    /// </summary>
    private static readonly Version s_oldestOnArm64 = new(5, 18);

    private static readonly string[] s_names = [XdpName, FragmentsName, "xtrace_tc_in", "xtrace_tc_out", ClockName];

    /// <summary>The program for a hook and a direction.</summary>
    /// <param name="hook">The hook.</param>
    /// <param name="direction">Ingress or Egress.</param>
    /// <param name="takesFragments">Whether the driver hands frames over in several buffers, to native XDP.</param>
    internal static string NameOf(MonitorHook hook, FlowDirection direction, bool takesFragments = false) =>
        takesFragments ? FragmentsName
        : hook is MonitorHook.XdpNative or MonitorHook.XdpGeneric ? XdpName
        : direction == FlowDirection.Ingress ? "xtrace_tc_in"
        : "xtrace_tc_out";

    /// <summary>Makes a monitor's maps, and loads the program that reads its clock.</summary>
    /// <param name="size">How large.</param>
    /// <param name="filter">The flows to keep.</param>
    /// <param name="owner">The process that the monitor ends with; null if it is to outlive every process.</param>
    /// <exception cref="BpfException">The kernel refused; the log says why.</exception>
    internal static (FlowMaps Maps, BpfHandle Clock) Create(TableSize size, KernelFilter filter, ProcessIdentity? owner)
    {
        using BpfObject bpf = Open(ClockName, size.HasDetails);
        int slots = size.SlotsPerCpu * size.Cpus;
        bpf.SetMaxEntries("flows", (uint)slots);
        bpf.SetMaxEntries("details", (uint)slots);
        bpf.SetMaxEntries("buckets", (uint)(size.Buckets * size.Cpus));
        bpf.SetMaxEntries("points", (uint)size.Points);
        bpf.SetMaxEntries("totals", (uint)((size.Points + 1) * size.Cpus));
        bpf.SetMaxEntries("cpus", (uint)size.Cpus);
        bpf.SetMaxEntries("ends", TableSize.EndBytes);
        ref ProgramConfig config = ref bpf.ReadOnlyData<ProgramConfig>();
        config.Buckets = (uint)size.Buckets;
        config.Points = (uint)size.Points;
        config.Strays = (uint)(size.Points * size.Cpus);
        config.Filter = filter;
        if (owner is { } process)
        {
            (config.Owner, config.OwnerStarted, config.OwnerNamespace) = ((uint)process.Id, process.Started, process.Namespace);
        }
        Libc.FillRandom(MemoryMarshal.AsBytes(MemoryMarshal.CreateSpan(ref config.HashSeed[0], FlowAbi.HashSeeds)));
        Load(bpf);
        return (FlowMaps.From(bpf), bpf.Program(ClockName).Duplicate());
    }

    /// <summary>Loads a program over maps that there are.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="maps">The monitor's maps.</param>
    /// <param name="hasDetails">Whether they are those of a monitor that keeps details.</param>
    /// <exception cref="BpfException">The kernel refused; the log says why.</exception>
    internal static BpfHandle Load(string name, FlowMaps maps, bool hasDetails)
    {
        using BpfObject bpf = Open(name, hasDetails);
        maps.UseIn(bpf);
        Load(bpf);
        return bpf.Program(name).Duplicate();
    }

    private static void Load(BpfObject bpf)
    {
        try
        {
            bpf.Load();
        }
        catch (BpfException error) when (
            error.Errno is Errnos.EINVAL or NotJitted && Machine.Current == Machine.Arm64
            && Environment.OSVersion.Version < s_oldestOnArm64)
        {
            throw new XTraceException(error, KernelMessages.KernelTooOld, null, s_oldestOnArm64, Environment.OSVersion.Version.ToString(2));
        }
    }

    private static BpfObject Open(string program, bool hasDetails)
    {
        string name = hasDetails ? "xtrace_details.bpf.o" : "xtrace.bpf.o";
        BpfObject bpf = BpfObject.OpenResource(typeof(FlowProgram).Assembly, name);
        foreach (string other in s_names.Where(name => name != program))
        {
            bpf.LeaveOut(other);
        }
        return bpf;
    }
}
