namespace XTrace.Testbed;

/// <summary>
/// Puts programs of others into an interface's TCX row. They are attached the old way, without a link, so they stay until the
/// interface goes.
/// </summary>
public static class TcxPrograms
{
    private const int AttachCommand = 8; // BPF_PROG_ATTACH, linux/bpf.h
    private const int ByIdCommand = 13; // BPF_PROG_GET_FD_BY_ID
    private const uint Ingress = 46; // BPF_TCX_INGRESS
    private const uint Egress = 47; // BPF_TCX_EGRESS

    /// <summary>Appends a program that is in the kernel already.</summary>
    /// <param name="interfaceName">The interface.</param>
    /// <param name="direction">ingress or egress.</param>
    /// <param name="programId">A program of type BPF_PROG_TYPE_SCHED_CLS.</param>
    public static void Append(string interfaceName, string direction, uint programId)
    {
        Libc.IdAttributes id = new() { Id = programId };
        int program = Libc.Check((int)Libc.bpf(ByIdCommand, ref id), $"open program {programId}");
        Libc.AttachAttributes attach = new()
        {
            Target = Libc.if_nametoindex(interfaceName),
            Program = program,
            AttachType = direction == "egress" ? Egress : Ingress,
        };
        int result = (int)Libc.bpf(AttachCommand, ref attach);
        _ = Libc.close(program);
        Libc.Check(result, $"attach program {programId} to {interfaceName}");
    }
}
