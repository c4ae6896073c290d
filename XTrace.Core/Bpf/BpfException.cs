using System.Runtime.InteropServices;
using XTrace.Messages;

namespace XTrace.Bpf;

/// <summary>A system call of the BPF subsystem failed.</summary>
public sealed class BpfException : XTraceException
{
    /// <param name="operation">What was tried.</param>
    /// <param name="errno">The kernel's error number, positive.</param>
    /// <param name="log">What libbpf and the verifier said, or an empty string.</param>
    /// <param name="target">What it was tried on.</param>
    internal BpfException(KernelOperation operation, int errno, string log = "", object? target = null)
        : base(KernelMessages.OfBpf(errno), target, operation, Marshal.GetPInvokeErrorMessage(errno), errno) => (Errno, Log) = (errno, log);

    /// <summary>The kernel's error number.</summary>
    public int Errno { get; }

    /// <summary>What libbpf and the verifier said.</summary>
    public string Log { get; }

    /// <summary>What was tried, why it failed, what to do, and below it what libbpf and the verifier said.</summary>
    public override string Message => Log.Length == 0 ? base.Message : $"{base.Message}{Environment.NewLine}{Log.TrimEnd()}";
}
