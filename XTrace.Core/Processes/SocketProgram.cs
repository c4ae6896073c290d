using System.Runtime.InteropServices;
using XTrace.Bpf;
using XTrace.Messages;

namespace XTrace.Processes;

/// <summary>
/// Reads sockets with BPF: an iterator walks those of all processes in all network namespaces, and a tracepoint writes down
/// connections that begin and end in between. Needs the kernel's BTF and Linux 5.11.
/// </summary>
internal sealed unsafe class SocketProgram : SocketReader
{
    private const string Btf = "/sys/kernel/btf/vmlinux";
    private const int BatchSize = 4096;
    private const int BufferSize = 1 << 16;

    private readonly byte[] _buffer = new byte[BufferSize];
    private readonly SocketId[] _ids = new SocketId[BatchSize];
    private readonly SocketRow[] _rows = new SocketRow[BatchSize];
    private readonly BpfObject _bpf;
    private readonly BpfHandle _walk;
    private readonly BpfHandle? _tracepoint;

    /// <param name="recordEnds">Whether connections that begin and end are written down from now on.</param>
    /// <exception cref="BpfException">This kernel cannot do that, or this process may not.</exception>
    internal SocketProgram(bool recordEnds)
    {
        _bpf = BpfObject.OpenResource(typeof(SocketProgram).Assembly, "owners.bpf.o");
        try
        {
            _bpf.Load();
            LibBpf.LinkCreateOptions options = new() { Size = (nuint)sizeof(LibBpf.LinkCreateOptions) };
            _walk = BpfHandle.FromResult(
                LibBpf.bpf_link_create(_bpf.Program("owners_all"), 0, LibBpf.AttachTypeIterator, &options), KernelOperation.WalkSockets);
            // The first walk finds out who reads, without which no process has a number.
            Read(new SocketTable());
            _tracepoint = recordEnds
                ? BpfHandle.FromResult(LibBpf.bpf_raw_tracepoint_open(null, _bpf.Program("owners_end")), KernelOperation.WatchConnections)
                : null;
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Whether the kernel describes itself.</summary>
    internal static bool HasBtf => File.Exists(Btf);

    internal override uint HostNet => BpfMap.TryRead(_bpf.Map(".bss"), out SocketProgramReader reader) ? reader.HostNet : 0;

    internal override void Read(SocketTable table)
    {
        using BpfHandle file = BpfHandle.FromResult(LibBpf.bpf_iter_create(_walk), KernelOperation.WalkSockets);
        int filled = 0;
        while (true)
        {
            nint read;
            fixed (byte* start = _buffer)
            {
                read = Libc.read(file, start + filled, (nuint)(BufferSize - filled));
            }
            int error = read < 0 ? Marshal.GetLastPInvokeError() : 0;
            if (error != 0 && error != Errnos.EINTR)
            {
                throw new BpfException(KernelOperation.WalkSockets, error);
            }
            if (read == 0)
            {
                return;
            }
            filled += (int)Math.Max(read, 0);
            ReadOnlySpan<SocketRow> rows = MemoryMarshal.Cast<byte, SocketRow>(_buffer.AsSpan(0, filled));
            foreach (ref readonly SocketRow row in rows)
            {
                table.Add(in row);
            }
            int used = rows.Length * sizeof(SocketRow);
            _buffer.AsSpan(used, filled - used).CopyTo(_buffer);
            filled -= used;
        }
    }

    internal override void ReadEnded(SocketAction action)
    {
        if (_tracepoint == null)
        {
            return;
        }
        BpfHandle map = _bpf.Map("ended");
        fixed (SocketId* ids = _ids)
        fixed (SocketRow* rows = _rows)
        {
            uint place = 0;
            bool isFirst = true;
            int result;
            do
            {
                uint count = BatchSize;
                result = LibBpf.bpf_map_lookup_and_delete_batch(map, isFirst ? null : &place, &place, ids, rows, ref count, null);
                isFirst = false;
                for (int i = 0; i < count && result is 0 or -Errnos.ENOENT; i++)
                {
                    action(in rows[i]);
                }
            }
            while (result == 0);
            if (result != -Errnos.ENOENT)
            {
                throw new BpfException(KernelOperation.WatchConnections, -result);
            }
        }
    }

    public override void Dispose()
    {
        _tracepoint?.Dispose();
        _walk?.Dispose();
        _bpf.Dispose();
    }
}
