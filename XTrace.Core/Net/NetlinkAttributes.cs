using System.Buffers.Binary;
using System.Text;

namespace XTrace.Net;

/// <summary>Reads the attributes of a netlink message: struct nlattr, linux/netlink.h.</summary>
internal static class NetlinkAttributes
{
    private const int HeaderLength = 4; // length and type
    private const ushort TypeMask = 0x3fff; // NLA_TYPE_MASK

    /// <summary>The next multiple of 4, where a message or an attribute begins.</summary>
    internal static int Align(int length) => (length + 3) & ~3;

    /// <summary>The value of the first attribute of a type; empty where there is none.</summary>
    internal static ReadOnlySpan<byte> Find(ReadOnlySpan<byte> attributes, ushort type)
    {
        TryNext(ref attributes, type, out ReadOnlySpan<byte> value);
        return value;
    }

    /// <summary>All attributes of a type, as strings.</summary>
    internal static IReadOnlyList<string> Texts(ReadOnlySpan<byte> attributes, ushort type)
    {
        List<string> texts = [];
        while (TryNext(ref attributes, type, out ReadOnlySpan<byte> value))
        {
            texts.Add(Text(value));
        }
        return texts;
    }

    /// <summary>A 32-bit number; 0 where there is none.</summary>
    internal static int Number(ReadOnlySpan<byte> attributes, ushort type)
    {
        ReadOnlySpan<byte> value = Find(attributes, type);
        return value.Length >= sizeof(int) ? BinaryPrimitives.ReadInt32LittleEndian(value) : 0;
    }

    /// <summary>A string; null where there is none.</summary>
    internal static string? Text(ReadOnlySpan<byte> attributes, ushort type)
    {
        ReadOnlySpan<byte> value = Find(attributes, type);
        return value.IsEmpty ? null : Text(value);
    }

    /// <summary>A value that is a string.</summary>
    internal static string Text(ReadOnlySpan<byte> value) => Encoding.UTF8.GetString(value.TrimEnd((byte)0));

    /// <summary>Steps behind the next attribute of a type.</summary>
    private static bool TryNext(scoped ref ReadOnlySpan<byte> attributes, ushort type, out ReadOnlySpan<byte> value)
    {
        while (TryNext(ref attributes, out ushort found, out value))
        {
            if (found == type)
            {
                return true;
            }
        }
        return false;
    }

    /// <summary>Steps behind the next attribute.</summary>
    /// <returns>False at the end, and where what follows is no attribute.</returns>
    internal static bool TryNext(scoped ref ReadOnlySpan<byte> attributes, out ushort type, out ReadOnlySpan<byte> value)
    {
        type = 0;
        value = default;
        int length = attributes.Length < HeaderLength ? 0 : BinaryPrimitives.ReadUInt16LittleEndian(attributes);
        if (length < HeaderLength || length > attributes.Length)
        {
            return false;
        }
        type = (ushort)(BinaryPrimitives.ReadUInt16LittleEndian(attributes[2..]) & TypeMask);
        value = attributes[HeaderLength..length];
        attributes = attributes[Math.Min(attributes.Length, Align(length))..];
        return true;
    }
}
