using System.Runtime.InteropServices;

namespace XTrace.Bpf;

/// <summary>
/// Imports from libbpf 1.x: bpf.h and libbpf.h. A negative integer that it returns is an errno. Functions that return a pointer
/// set errno.
/// </summary>
internal static unsafe partial class LibBpf
{
    internal const string Library = "libbpf.so.1";

    static LibBpf() => LibBpfResolver.Register();

    [LibraryImport(Library, SetLastError = true)]
    internal static partial nint bpf_object__open_mem(byte* image, nuint size, nint options);

    [LibraryImport(Library)]
    internal static partial int bpf_object__load(BpfObject bpf);

    [LibraryImport(Library)]
    internal static partial void bpf_object__close(nint bpf);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    internal static partial nint bpf_object__find_program_by_name(BpfObject bpf, string name);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    internal static partial nint bpf_object__find_map_by_name(BpfObject bpf, string name);

    [LibraryImport(Library)]
    internal static partial int bpf_program__fd(nint program);

    [LibraryImport(Library)]
    internal static partial int bpf_program__set_autoload(nint program, [MarshalAs(UnmanagedType.U1)] bool autoload);

    [LibraryImport(Library)]
    internal static partial int bpf_map__fd(nint map);

    [LibraryImport(Library)]
    internal static partial int bpf_map__set_max_entries(nint map, uint entries);

    [LibraryImport(Library)]
    internal static partial int bpf_map__reuse_fd(nint map, BpfHandle fd);

    [LibraryImport(Library)]
    internal static partial byte* bpf_map__initial_value(nint map, out nuint size);

    [LibraryImport(Library)]
    internal static partial int bpf_map_lookup_elem(BpfHandle map, void* key, void* value);

    [LibraryImport(Library)]
    internal static partial int bpf_map_update_elem(BpfHandle map, void* key, void* value, ulong flags);

    [LibraryImport(Library)]
    internal static partial int bpf_prog_get_fd_by_id(uint id);

    [LibraryImport(Library)]
    internal static partial int bpf_map_get_fd_by_id(uint id);

    [LibraryImport(Library)]
    internal static partial int bpf_prog_query(
        int target, uint attachType, uint queryFlags, uint* attachFlags, uint* programIds, ref uint count);

    [LibraryImport(Library)]
    internal static partial int bpf_prog_test_run_opts(BpfHandle program, TestRunOptions* options);

    [LibraryImport(Library)]
    internal static partial int bpf_link_create(BpfHandle program, int target, uint attachType, LinkCreateOptions* options);

    [LibraryImport(Library)]
    internal static partial int bpf_link_update(BpfHandle link, BpfHandle program, void* options);

    [LibraryImport(Library)]
    internal static partial int bpf_link_detach(BpfHandle link);

    [LibraryImport(Library)]
    internal static partial int bpf_iter_create(BpfHandle link);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int bpf_raw_tracepoint_open(string? name, BpfHandle program);

    [LibraryImport(Library)]
    internal static partial int bpf_map_lookup_and_delete_batch(
        BpfHandle map, void* inBatch, void* outBatch, void* keys, void* values, ref uint count, void* options);

    [LibraryImport(Library)]
    internal static partial int bpf_xdp_query(int ifindex, int flags, XdpQueryOptions* options);

    [LibraryImport(Library)]
    internal static partial int bpf_tc_hook_create(TcHook* hook);

    [LibraryImport(Library)]
    internal static partial int bpf_tc_hook_destroy(TcHook* hook);

    [LibraryImport(Library)]
    internal static partial int bpf_tc_attach(TcHook* hook, TcOptions* options);

    [LibraryImport(Library)]
    internal static partial int bpf_tc_detach(TcHook* hook, TcOptions* options);

    [LibraryImport(Library)]
    internal static partial int bpf_obj_get_info_by_fd(BpfHandle handle, void* info, ref uint length);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int bpf_obj_pin(BpfHandle handle, string path);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int bpf_obj_get(string path);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial nint ring_buffer__new(
        BpfHandle map, delegate* unmanaged<nint, void*, nuint, int> sample, nint context, nint options);

    [LibraryImport(Library)]
    internal static partial int ring_buffer__add(
        BpfRing ring, BpfHandle map, delegate* unmanaged<nint, void*, nuint, int> sample, nint context);

    [LibraryImport(Library)]
    internal static partial int ring_buffer__poll(BpfRing ring, int milliseconds);

    [LibraryImport(Library)]
    internal static partial int ring_buffer__consume(BpfRing ring);

    [LibraryImport(Library)]
    internal static partial void ring_buffer__free(nint ring);

    [LibraryImport(Library)]
    internal static partial nint libbpf_set_print(delegate* unmanaged<int, byte*, nint, int> print);

    /// <summary>struct bpf_link_create_opts, as far as its flags.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct LinkCreateOptions
    {
        internal nuint Size;
        internal uint Flags;
        internal uint Reserved;
    }

    /// <summary>struct bpf_test_run_opts.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct TestRunOptions
    {
        internal nuint Size;
        internal byte* DataIn;
        internal byte* DataOut;
        internal uint DataSizeIn;
        internal uint DataSizeOut;
        internal void* ContextIn;
        internal void* ContextOut;
        internal uint ContextSizeIn;
        internal uint ContextSizeOut;
        internal uint ReturnValue;
        internal int Repeat;
        internal uint Duration;
        internal uint Flags;
        internal uint Cpu;
        internal uint BatchSize;
    }

    /// <summary>struct bpf_xdp_query_opts.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct XdpQueryOptions
    {
        internal nuint Size;
        internal uint ProgramId;
        internal uint NativeProgramId;
        internal uint OffloadedProgramId;
        internal uint GenericProgramId;
        internal ulong AttachMode;
    }

    /// <summary>struct bpf_tc_hook.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct TcHook
    {
        internal nuint Size;
        internal int InterfaceIndex;
        internal uint AttachPoint;
        internal uint Parent;
    }

    /// <summary>struct bpf_tc_opts.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct TcOptions
    {
        internal nuint Size;
        internal int ProgramFd;
        internal uint Flags;
        internal uint ProgramId;
        internal uint Handle;
        internal uint Priority;
    }

    /// <summary>struct bpf_link_info of an XDP or TCX link, linux/bpf.h: both have the interface in the same place.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 64)]
    internal struct LinkInfo
    {
        [FieldOffset(0)] internal uint Type;
        [FieldOffset(4)] internal uint Id;
        [FieldOffset(8)] internal uint ProgramId;
        [FieldOffset(16)] internal uint InterfaceIndex;
    }

    /// <summary>struct bpf_prog_info, linux/bpf.h, as far as the name.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 80)]
    internal struct ProgramInfo
    {
        [FieldOffset(0)] internal uint Type;
        [FieldOffset(4)] internal uint Id;
        [FieldOffset(52)] internal uint MapCount;
        [FieldOffset(56)] internal ulong MapIds;
        [FieldOffset(64)] internal fixed byte Name[16];
    }

    /// <summary>struct bpf_map_info, linux/bpf.h, as far as the name.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 80)]
    internal struct MapInfo
    {
        [FieldOffset(0)] internal uint Type;
        [FieldOffset(4)] internal uint Id;
        [FieldOffset(8)] internal uint KeySize;
        [FieldOffset(12)] internal uint ValueSize;
        [FieldOffset(24)] internal fixed byte Name[16];
    }

    /// <summary>BPF_TRACE_ITER, enum bpf_attach_type.</summary>
    internal const uint AttachTypeIterator = 28;

    /// <summary>BPF_XDP.</summary>
    internal const uint AttachTypeXdp = 37;

    /// <summary>BPF_TCX_INGRESS, since 6.6.</summary>
    internal const uint AttachTypeTcxIngress = 46;

    /// <summary>BPF_TCX_EGRESS, since 6.6.</summary>
    internal const uint AttachTypeTcxEgress = 47;

    /// <summary>BPF_F_BEFORE, since 6.6: ahead of all others where none is named.</summary>
    internal const uint LinkFlagBefore = 1 << 3;

    /// <summary>BPF_TC_INGRESS, enum bpf_tc_attach_point.</summary>
    internal const uint TcIngress = 1 << 0;

    /// <summary>BPF_TC_EGRESS.</summary>
    internal const uint TcEgress = 1 << 1;

    /// <summary>XDP_FLAGS_SKB_MODE, linux/if_link.h.</summary>
    internal const uint XdpFlagGeneric = 1 << 1;

    /// <summary>XDP_FLAGS_DRV_MODE, linux/if_link.h.</summary>
    internal const uint XdpFlagNative = 1 << 2;
}
