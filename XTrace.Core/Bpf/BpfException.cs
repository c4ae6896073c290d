using System.Runtime.InteropServices;

namespace XTrace.Bpf;

/// <summary>A system call of the BPF subsystem failed.</summary>
/// <param name="operation">What was tried, as it reads after "cannot".</param>
/// <param name="errno">The kernel's error number, positive.</param>
/// <param name="log">What libbpf and the verifier said, or an empty string.</param>
/// <param name="target">What it was tried on.</param>
public sealed class BpfException(string operation, int errno, string log = "", object? target = null)
    : XTraceException(MeaningOf(errno).ErrorId, MeaningOf(errno).Kind, Describe(operation, errno, log), target)
{
    /// <summary>The kernel's error number.</summary>
    public int Errno { get; } = errno;

    /// <summary>What libbpf and the verifier said.</summary>
    public string Log { get; } = log;

    private static string Describe(string operation, int errno, string log)
    {
        string message = $"Cannot {operation}: {Marshal.GetPInvokeErrorMessage(errno)} (errno {errno}). {MeaningOf(errno).Advice}";
        return log.Length == 0 ? message : $"{message}{Environment.NewLine}{log.TrimEnd()}";
    }

    /// <summary>What an error number of the BPF subsystem means to a user, and what there is to do about it.</summary>
    private static (string ErrorId, XTraceErrorKind Kind, string Advice) MeaningOf(int errno) => errno switch
    {
        Errnos.EPERM or Errnos.EACCES => (
            "PermissionDenied",
            XTraceErrorKind.PermissionDenied,
            "Run as root, or grant CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN; before kernel 5.11 also CAP_SYS_RESOURCE, or a higher 'ulimit -l'."),
        Errnos.ENOMEM or Errnos.E2BIG or Errnos.ENOSPC => (
            "OutOfMemory", XTraceErrorKind.ResourceUnavailable, "Ask for a table of fewer flows, or free memory."),
        Errnos.EBUSY or Errnos.EEXIST => (
            "ResourceBusy", XTraceErrorKind.ResourceBusy, "See what is attached with 'bpftool net show'."),
        // bpf_mprog_max() in linux/bpf_mprog.h
        Errnos.ERANGE => (
            "HookFull", XTraceErrorKind.ResourceUnavailable, "A TCX hook holds 63 programs: see them with 'bpftool net show', and stop some."),
        Errnos.ENODEV or Errnos.ENOENT => (
            "NotFound", XTraceErrorKind.NotFound, "Check that the interface is still there."),
        Errnos.EOPNOTSUPP => (
            "NotSupported", XTraceErrorKind.NotSupported, "Neither this driver nor this kernel can do that; try another attach mode."),
        Errnos.EMFILE or Errnos.ENFILE => ("BpfFailed", XTraceErrorKind.Failed, "Raise 'ulimit -n', or close files."),
        _ => ("BpfFailed", XTraceErrorKind.Failed, "See what the kernel says in 'dmesg'."),
    };
}
