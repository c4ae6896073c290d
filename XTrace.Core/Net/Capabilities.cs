using System.Globalization;
using XTrace.Messages;

namespace XTrace.Net;

/// <summary>The rights of this process: its effective capabilities. Uid 0 plays no part.</summary>
internal static class Capabilities
{
    // linux/capability.h
    private const int NetAdmin = 12;
    private const int SysAdmin = 21;
    private const int Perfmon = 38;
    private const int Bpf = 39;

    /// <summary>Gives a command what monitoring needs, and no more.</summary>
    internal const string Grant =
        "sudo setpriv --inh-caps +bpf,+perfmon,+net_admin --ambient-caps +bpf,+perfmon,+net_admin "
        + "--reuid <you> --regid <your group> --init-groups <command>";

    /// <summary>
    /// What this process lacks to load and attach, with commas between: CAP_NET_ADMIN to attach, CAP_BPF to load, CAP_PERFMON
    /// because the verifier lets only its holders step over headers of variable length. CAP_SYS_ADMIN stands for the last two.
    /// </summary>
    internal static string MissingForMonitoring
    {
        get
        {
            ulong effective = Effective;
            bool admin = Has(effective, SysAdmin);
            List<string> missing = [];
            if (!Has(effective, Bpf) && !admin)
            {
                missing.Add("CAP_BPF");
            }
            if (!Has(effective, Perfmon) && !admin)
            {
                missing.Add("CAP_PERFMON");
            }
            if (!Has(effective, NetAdmin))
            {
                missing.Add("CAP_NET_ADMIN");
            }
            return string.Join(", ", missing);
        }
    }

    /// <summary>Whether this process has CAP_SYS_ADMIN, without which the kernel does not hand out the BTF of modules.</summary>
    internal static bool HasAdmin => Has(Effective, SysAdmin);

    /// <exception cref="XTraceException">Something is missing; the message says what, and how to get it.</exception>
    internal static void RequireMonitoring()
    {
        string missing = MissingForMonitoring;
        if (missing.Length > 0)
        {
            throw new XTraceException(FlowMessages.MissingCapabilities, null, missing, Grant);
        }
    }

    private static ulong Effective =>
        ulong.Parse(KernelFile.ReadField("/proc/thread-self/status", "CapEff:"), NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    private static bool Has(ulong set, int capability) => (set >> capability & 1) != 0;
}
