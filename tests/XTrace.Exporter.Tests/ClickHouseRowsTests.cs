using System.Globalization;
using XTrace.Exporter.ClickHouse;
using XTrace.Flows;
using XTrace.Sessions;

namespace XTrace.Exporter.Tests;

/// <summary>A current ClickHouse takes the definition and the rows, knows a batch again, and stores a row in few bytes.</summary>
[Trait("Category", "Machine")]
[Trait("Category", "Slow")]
public sealed class ClickHouseRowsTests : IDisposable
{
    private const int Rows = 2_000_000;
    private const double MostBytes = 12;

    private readonly EngineFolder _folder = new();
    private readonly GeneratedRecords _records = new();

    public void Dispose() => _folder.Dispose();

    [CurrentClickHouseFact]
    public void Rows_are_stored_once_in_few_bytes()
    {
        string file = Path.Combine(_folder.Path, "rows.bin");
        RecordCount sum = Write(file);
        (int code, string output, string error) = Repository.Run(
            Repository.PathOf(CurrentClickHouseFactAttribute.Script), file, ClickHouseRows.Columns(owners: false));
        Assert.True(code == 0, error);
        string[] columns = output.Trim().Split('\t');
        string[] sums = [$"{sum.Flows}", $"{sum.Frames.Packets}", $"{sum.Frames.Bytes}"];
        Assert.Equal(sums, columns[..3]);
        Assert.Equal(sums, columns[3..6]);
        Assert.InRange(double.Parse(columns[6], CultureInfo.InvariantCulture), 5, MostBytes);
    }

    private RecordCount Write(string file)
    {
        using FileStream stream = File.Create(file);
        ClickHouseRows rows = new("node-1");
        RecordCount sum = default;
        DateTime start = DateTime.UtcNow.AddHours(-2);
        for (int i = 0; i < Rows; i++)
        {
            // 280 records a second.
            ClockCalibration clock = new(1_000_000, 0, start.AddSeconds(i / 280), 4_000_000);
            rows.Add(_records.Next(), clock);
            if (rows.Count.Flows == ClickHouseOutput.LargestBatch || i == Rows - 1)
            {
                stream.Write(rows.Content);
                sum += rows.Count;
                rows.Clear();
            }
        }
        return sum;
    }
}

/// <summary>A test that is skipped where npm could not give the current ClickHouse: 'make test-all' asks for it.</summary>
public sealed class CurrentClickHouseFactAttribute : FactAttribute
{
    internal const string Script = "tests/clickhouse-current.sh";

    public CurrentClickHouseFactAttribute()
    {
        if (!Directory.Exists(Repository.PathOf("out/tools/chdb/node_modules/chdb")))
        {
            Skip = $"There is no current ClickHouse: run '{Script} install', which needs npm.";
        }
    }
}
