using System.Runtime.InteropServices;

namespace XTrace.Bpf;

/// <summary>A system call of the BPF subsystem failed.</summary>
/// <param name="operation">What was tried, as it reads after "cannot".</param>
/// <param name="errno">The kernel's error number, positive.</param>
/// <param name="log">What libbpf and the verifier said, or an empty string.</param>
/// <param name="target">What it was tried on.</param>
public sealed class BpfException(string operation, int errno, string log = "", object? target = null)
    : XTraceException(IdOf(errno), KindOf(errno), Describe(operation, errno, log), target)
{
    /// <summary>The kernel's error number.</summary>
    public int Errno { get; } = errno;

    /// <summary>What libbpf and the verifier said.</summary>
    public string Log { get; } = log;

    private static string Describe(string operation, int errno, string log)
    {
        string message = $"Cannot {operation}: {Marshal.GetPInvokeErrorMessage(errno)} (errno {errno}). {AdviceOn(errno)}";
        return log.Length == 0 ? message : $"{message}{Environment.NewLine}{log.TrimEnd()}";
    }

    private static string IdOf(int errno) => errno switch
    {
        Errnos.EPERM or Errnos.EACCES => "PermissionDenied",
        Errnos.ENOMEM or Errnos.E2BIG or Errnos.ENOSPC => "OutOfMemory",
        Errnos.EBUSY or Errnos.EEXIST => "ResourceBusy",
        Errnos.ENODEV or Errnos.ENOENT => "NotFound",
        Errnos.EOPNOTSUPP => "NotSupported",
        _ => "BpfFailed",
    };

    private static XTraceErrorKind KindOf(int errno) => errno switch
    {
        Errnos.EPERM or Errnos.EACCES => XTraceErrorKind.PermissionDenied,
        Errnos.ENOMEM or Errnos.E2BIG or Errnos.ENOSPC => XTraceErrorKind.ResourceUnavailable,
        Errnos.EBUSY or Errnos.EEXIST => XTraceErrorKind.ResourceBusy,
        Errnos.ENODEV or Errnos.ENOENT => XTraceErrorKind.NotFound,
        Errnos.EOPNOTSUPP => XTraceErrorKind.NotSupported,
        _ => XTraceErrorKind.Failed,
    };

    private static string AdviceOn(int errno) => errno switch
    {
        Errnos.EPERM or Errnos.EACCES => "Run as root, or grant CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN; before kernel 5.11 also CAP_SYS_RESOURCE, or a higher 'ulimit -l'.",
        Errnos.ENOMEM or Errnos.E2BIG or Errnos.ENOSPC => "Ask for a table of fewer flows, or free memory.",
        Errnos.EBUSY or Errnos.EEXIST => "See what is attached with 'bpftool net show'.",
        Errnos.ENODEV or Errnos.ENOENT => "Check that the interface is still there.",
        Errnos.EOPNOTSUPP => "Neither this driver nor this kernel can do that; try another attach mode.",
        _ => "See what the kernel says in 'dmesg'.",
    };
}
