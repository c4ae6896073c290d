namespace XTrace.Live;

/// <summary>The last values of a rate, and how they are drawn.</summary>
internal sealed class History
{
    private const string Levels = " ▁▂▃▄▅▆▇█";
    private const int Room = 512;

    private readonly double[] _values = new double[Room];
    private long _count;
    private double _sum;
    private double _seconds;

    /// <summary>The last value; 0 before there is one.</summary>
    internal double Now => _count == 0 ? 0 : _values[(_count - 1) % Room];

    /// <summary>The mean of all values, each weighed with the time that it is of.</summary>
    internal double Mean => _seconds > 0 ? _sum / _seconds : 0;

    /// <summary>The greatest of all values.</summary>
    internal double Peak { get; private set; }

    /// <summary>Adds a value.</summary>
    /// <param name="value">What there was a second.</param>
    /// <param name="seconds">The time that it is of.</param>
    internal void Add(double value, double seconds)
    {
        _values[_count++ % Room] = value;
        _sum += value * seconds;
        _seconds += seconds;
        Peak = Math.Max(Peak, value);
    }

    /// <summary>The greatest of the values that so many columns show.</summary>
    internal double Greatest(int columns)
    {
        double greatest = 0;
        for (int age = 0; age < Math.Min(columns, Math.Min(_count, Room)); age++)
        {
            greatest = Math.Max(greatest, ValueAt(age));
        }
        return greatest;
    }

    /// <summary>Draws bars, the last value at the right. What is not 0 is seen.</summary>
    /// <param name="screen">Where.</param>
    /// <param name="x">The first column.</param>
    /// <param name="y">The first row.</param>
    /// <param name="width">Columns.</param>
    /// <param name="height">Rows.</param>
    /// <param name="greatest">What takes all rows.</param>
    /// <param name="ink">How.</param>
    internal void Draw(Screen screen, int x, int y, int width, int height, double greatest, Ink ink)
    {
        for (int age = 0; age < Math.Min(width, Math.Min(_count, Room)); age++)
        {
            double value = ValueAt(age);
            double share = greatest > 0 ? value / greatest : 0;
            int level = value <= 0 ? 0 : Math.Clamp((int)Math.Round(share * 8 * height), 1, 8 * height);
            for (int row = 0; row < height; row++)
            {
                int filled = Math.Clamp(level - (8 * (height - 1 - row)), 0, 8);
                screen.Put(x + width - 1 - age, y + row, Levels[filled].ToString(), ink, 1);
            }
        }
    }

    private double ValueAt(int age) => _values[(_count - 1 - age) % Room];
}
