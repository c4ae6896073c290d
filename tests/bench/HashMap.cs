using XTrace.Bpf;
using XTrace.Messages;

namespace XTrace.Bench;

/// <summary>The two ways to read a BPF hash map whole. Both fill the caller's buffers and return how many entries there were.</summary>
internal static unsafe class HashMap
{
    internal static BpfHandle Create(int keySize, int valueSize, int entries) => BpfHandle.FromResult(
        LibBpfMaps.bpf_map_create(LibBpfMaps.TypeHash, "walked", (uint)keySize, (uint)valueSize, (uint)entries, 0),
        new KernelOperation("create a hash map", "创建哈希表"));

    /// <summary>Key by key: bpf_map_get_next_key and bpf_map_lookup_elem.</summary>
    /// <param name="map">The map.</param>
    /// <param name="keySize">Bytes from key to key.</param>
    /// <param name="keys">Room for the keys.</param>
    /// <param name="valueSize">Bytes from value to value, of all CPUs in a per-CPU map.</param>
    /// <param name="values">Room for the values.</param>
    internal static int Walk(BpfHandle map, int keySize, Span<byte> keys, int valueSize, Span<byte> values)
    {
        fixed (byte* key = keys, value = values)
        {
            int count = 0;
            byte* previous = null;
            byte* next = key;
            while (LibBpfMaps.bpf_map_get_next_key(map, previous, next) == 0)
            {
                Check(LibBpf.bpf_map_lookup_elem(map, next, value + ((long)count * valueSize)));
                previous = next;
                next += keySize;
                count++;
            }
            return count;
        }
    }

    /// <summary>In one sweep: bpf_map_lookup_batch, kernel 5.6 and later.</summary>
    internal static int ReadBatch(BpfHandle map, int entries, Span<byte> keys, Span<byte> values)
    {
        fixed (byte* key = keys, value = values)
        {
            uint position;
            uint count = (uint)entries;
            int result = LibBpfMaps.bpf_map_lookup_batch(map, null, &position, key, value, ref count, 0);
            // ENOENT: no more buckets behind what was read.
            Check(result == -Errnos.ENOENT ? 0 : result);
            return (int)count;
        }
    }

    private static void Check(int result)
    {
        if (result < 0)
        {
            throw new BpfException(new KernelOperation("read a hash map", "读取哈希表"), -result);
        }
    }
}
