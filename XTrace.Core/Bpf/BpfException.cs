using System.Runtime.InteropServices;
using XTrace.Messages;

namespace XTrace.Bpf;

/// <summary>A system call of the BPF subsystem failed.</summary>
public sealed class BpfException : XTraceException
{
    /// <param name="operation">The operation.</param>
    /// <param name="errno">The kernel's error number, positive.</param>
    /// <param name="log">The output of libbpf and the verifier, or an empty string.</param>
    /// <param name="target">The target of the operation.</param>
    internal BpfException(KernelOperation operation, int errno, string log = "", object? target = null)
        : base(KernelMessages.OfBpf(errno), target, operation, Marshal.GetPInvokeErrorMessage(errno), errno) => (Errno, Log) = (errno, log);

    /// <summary>The kernel's error number.</summary>
    public int Errno { get; }

    /// <summary>The output of libbpf and the verifier.</summary>
    public string Log { get; }

    /// <summary>The operation, the reason, what to do, and below it the output of libbpf and the verifier.</summary>
    public override string Message => Log.Length == 0 ? base.Message : $"{base.Message}{Environment.NewLine}{Log.TrimEnd()}";
}
