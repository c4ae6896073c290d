using System.Buffers.Binary;
using System.Text;

namespace XTrace.Testbed;

/// <summary>Changes what a pinned map says, as no program of ours does.</summary>
public static unsafe class PinnedMap
{
    private const int LookUp = 1; // BPF_MAP_LOOKUP_ELEM, linux/bpf.h
    private const int Update = 2; // BPF_MAP_UPDATE_ELEM
    private const int Get = 7; // BPF_OBJ_GET
    private const int ValueLength = 4096;

    /// <summary>Writes a number to the start of the array map's first value.</summary>
    public static void Write(string path, uint number)
    {
        Span<byte> value = stackalloc byte[ValueLength];
        uint key = 0;
        fixed (byte* name = Encoding.UTF8.GetBytes(path + '\0'), first = value)
        {
            Libc.PathAttributes get = new() { Path = (ulong)name };
            int map = Libc.Check((int)Libc.bpf(Get, ref get), $"open {path}");
            Libc.ElementAttributes element = new() { Map = map, Key = (ulong)&key, Value = (ulong)first };
            Libc.Check((int)Libc.bpf(LookUp, ref element), $"read {path}");
            BinaryPrimitives.WriteUInt32LittleEndian(value, number);
            Libc.Check((int)Libc.bpf(Update, ref element), $"write {path}");
            _ = Libc.close(map);
        }
    }
}
