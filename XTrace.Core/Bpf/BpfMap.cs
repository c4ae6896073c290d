using XTrace.Messages;

namespace XTrace.Bpf;

/// <summary>Reads and writes the one entry of a map.</summary>
internal static unsafe class BpfMap
{
    private const uint TypeArray = 2; // BPF_MAP_TYPE_ARRAY, enum bpf_map_type

    /// <summary>Reads the entry of an array map with one entry. Other maps are not read.</summary>
    /// <returns>False where it is not such a map, or its values are of another size.</returns>
    /// <exception cref="BpfException">The kernel does not tell.</exception>
    internal static bool TryRead<T>(BpfHandle map, out T value)
        where T : unmanaged
    {
        value = default;
        LibBpf.MapInfo info = default;
        uint length = (uint)sizeof(LibBpf.MapInfo);
        uint key = 0;
        Check(LibBpf.bpf_obj_get_info_by_fd(map, &info, ref length));
        if (info.Type != TypeArray || info.KeySize != sizeof(uint) || info.ValueSize != sizeof(T))
        {
            return false;
        }
        fixed (T* start = &value)
        {
            Check(LibBpf.bpf_map_lookup_elem(map, &key, start));
        }
        return true;
    }

    internal static void Write<T>(BpfHandle map, T value)
        where T : unmanaged
    {
        uint key = 0;
        int result = LibBpf.bpf_map_update_elem(map, &key, &value, 0);
        if (result < 0)
        {
            throw new BpfException(KernelOperation.WriteMeta, -result);
        }
    }

    private static void Check(int result)
    {
        if (result < 0)
        {
            throw new BpfException(KernelOperation.ReadMap, -result);
        }
    }
}
