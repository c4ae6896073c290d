using System.Buffers.Binary;
using System.Globalization;

namespace XTrace.Live;

/// <summary>The settings of a terminal, struct termios of bits/termios-struct.h, as they lie in memory.</summary>
internal unsafe struct TerminalModes
{
    internal const int Size = 64; // the structure has 60 bytes
    internal const int LocalFlags = 12; // c_lflag
    internal const int Characters = 17; // c_cc
    internal const int CharacterCount = 32; // NCCS
    internal const int EndOfLineCount = 6; // VMIN
    internal const int Time = 5; // VTIME

    internal const uint Canonical = 0x2; // ICANON
    internal const uint Echo = 0x8; // ECHO
    internal const uint Extensions = 0x8000; // IEXTEN
    internal const uint FlowControl = 0x400; // IXON
    internal const uint ReturnIsNewline = 0x100; // ICRNL

    private fixed byte _bytes[Size];

    /// <summary>Reads a terminal's settings; null where the file is no terminal.</summary>
    internal static TerminalModes? Read(int fd)
    {
        TerminalModes modes = default;
        return Libc.tcgetattr(fd, modes._bytes) == 0 ? modes : null;
    }

    /// <summary>Keys arrive one by one and are not shown. Those that send signals still do.</summary>
    internal readonly TerminalModes Raw()
    {
        TerminalModes raw = this;
        Span<byte> bytes = new(raw._bytes, Size);
        Clear(bytes, FlowControl | ReturnIsNewline);
        Clear(bytes[LocalFlags..], Canonical | Echo | Extensions);
        raw._bytes[Characters + EndOfLineCount] = 1;
        raw._bytes[Characters + Time] = 0;
        return raw;
    }

    /// <summary>Sets a terminal so.</summary>
    internal readonly void Apply(int fd)
    {
        TerminalModes modes = this;
        _ = Libc.tcsetattr(fd, Libc.SetAfterOutput, modes._bytes);
    }

    internal readonly bool IsSame(TerminalModes other)
    {
        TerminalModes modes = this;
        return new ReadOnlySpan<byte>(modes._bytes, Size).SequenceEqual(new ReadOnlySpan<byte>(other._bytes, Size));
    }

    /// <summary>As <c>stty -g</c> writes them, and <c>stty</c> reads.</summary>
    public override readonly string ToString()
    {
        TerminalModes modes = this;
        ReadOnlySpan<byte> bytes = new(modes._bytes, Size);
        List<string> words = [];
        for (int flags = 0; flags < 4; flags++)
        {
            words.Add(BinaryPrimitives.ReadUInt32LittleEndian(bytes[(flags * 4)..]).ToString("x", CultureInfo.InvariantCulture));
        }
        foreach (byte character in bytes.Slice(Characters, CharacterCount))
        {
            words.Add(character.ToString("x", CultureInfo.InvariantCulture));
        }
        return string.Join(':', words);
    }

    private static void Clear(Span<byte> flags, uint what) =>
        BinaryPrimitives.WriteUInt32LittleEndian(flags, BinaryPrimitives.ReadUInt32LittleEndian(flags) & ~what);
}
