using System.Runtime.InteropServices;
using XTrace.Bpf;

namespace XTrace.Bench;

/// <summary>Imports from libbpf's bpf.h that only hash maps need, which XTrace does not use.</summary>
internal static unsafe partial class LibBpfMaps
{
    [LibraryImport(LibBpf.Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int bpf_map_create(uint type, string name, uint keySize, uint valueSize, uint entries, nint options);

    [LibraryImport(LibBpf.Library)]
    internal static partial int bpf_map_get_next_key(BpfHandle map, void* key, void* next);

    [LibraryImport(LibBpf.Library)]
    internal static partial int bpf_map_lookup_batch(
        BpfHandle map, void* inBatch, void* outBatch, void* keys, void* values, ref uint count, nint options);

    /// <summary>BPF_MAP_TYPE_HASH, enum bpf_map_type.</summary>
    internal const uint TypeHash = 1;
}
