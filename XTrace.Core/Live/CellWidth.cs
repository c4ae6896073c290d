using System.Globalization;
using System.Text;

namespace XTrace.Live;

/// <summary>How many columns a character takes: Unicode Standard Annex 11, as terminals know it.</summary>
internal static class CellWidth
{
    /// <summary>Wide and full-width characters, first and last.</summary>
    private static readonly (int First, int Last)[] s_wide =
    [
        (0x1100, 0x115f), (0x231a, 0x231b), (0x2329, 0x232a), (0x23e9, 0x23ec), (0x25fd, 0x25fe), (0x2614, 0x2615), (0x2648, 0x2653),
        (0x26aa, 0x26ab), (0x26bd, 0x26be), (0x26c4, 0x26c5), (0x2705, 0x2705), (0x270a, 0x270b), (0x2753, 0x2755), (0x2795, 0x2797),
        (0x2b1b, 0x2b1c), (0x2e80, 0x303e), (0x3041, 0x33ff), (0x3400, 0x4dbf), (0x4e00, 0xa4cf), (0xa960, 0xa97f), (0xac00, 0xd7a3),
        (0xf900, 0xfaff), (0xfe30, 0xfe6f), (0xff00, 0xff60), (0xffe0, 0xffe6), (0x16fe0, 0x18cff), (0x1b000, 0x1b2ff), (0x1f004, 0x1f004),
        (0x1f0cf, 0x1f0cf), (0x1f18e, 0x1f18e), (0x1f191, 0x1f19a), (0x1f200, 0x1f320), (0x1f32d, 0x1f64f), (0x1f680, 0x1f6ff),
        (0x1f7e0, 0x1f7eb), (0x1f90c, 0x1faff), (0x20000, 0x3fffd),
    ];

    /// <summary>0 for what stands upon another character or is not shown, else 1 or 2.</summary>
    internal static int Measure(Rune rune)
    {
        if (rune.Value < 0x300)
        {
            return Rune.IsControl(rune) ? 0 : 1;
        }
        return Rune.GetUnicodeCategory(rune) switch
        {
            UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark or UnicodeCategory.Format => 0,
            _ => IsWide(rune.Value) ? 2 : 1,
        };
    }

    /// <summary>Columns of a text.</summary>
    internal static int Measure(string text)
    {
        int width = 0;
        foreach (Rune rune in text.EnumerateRunes())
        {
            width += Measure(rune);
        }
        return width;
    }

    private static bool IsWide(int value)
    {
        int low = 0, high = s_wide.Length - 1;
        while (low <= high)
        {
            int middle = (low + high) / 2;
            if (value > s_wide[middle].Last)
            {
                low = middle + 1;
            }
            else if (value < s_wide[middle].First)
            {
                high = middle - 1;
            }
            else
            {
                return true;
            }
        }
        return false;
    }
}
