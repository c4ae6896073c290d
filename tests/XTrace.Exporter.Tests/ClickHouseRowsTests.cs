using System.Buffers.Binary;
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
    private readonly Random _random = new(7);
    private readonly WatchedPoint[] _points =
    [
        new(1, "eth0", 2, FlowDirection.Ingress, MonitorHook.Tcx, isOwn: true), new(2, "eth0", 2, FlowDirection.Egress, MonitorHook.Tcx, isOwn: true),
    ];

    public void Dispose() => _folder.Dispose();

    [CurrentClickHouseFact]
    public void Rows_are_stored_once_in_few_bytes()
    {
        string file = Path.Combine(_folder.Path, "rows.bin");
        RecordCount sum = Write(file);
        (int code, string output, string error) = Repository.Run(Repository.PathOf(CurrentClickHouseFactAttribute.Script), file, ClickHouseRows.Columns);
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
            rows.Add(Record(), clock);
            if (rows.Count.Flows == ClickHouseOutput.LargestBatch || i == Rows - 1)
            {
                stream.Write(rows.Content);
                sum += rows.Count;
                rows.Clear();
            }
        }
        return sum;
    }

    /// <summary>A client of 262,144 and one of 16 servers with 8 services; few flows are large, and most are small.</summary>
    private FlowRecord Record()
    {
        bool isIngress = _random.Next(2) == 0;
        uint client = 0x0a000000u | (uint)_random.Next(1 << 18), server = 0x0ac80000u | (uint)_random.Next(16);
        ushort ephemeral = (ushort)_random.Next(32768, 61000);
        ushort service = (ushort)(80 + _random.Next(8));
        ulong packets = (ulong)(1 + Math.Exp(9 * Math.Pow(_random.NextDouble(), 2)));
        return new FlowRecord
        {
            Point = _points[isIngress ? 0 : 1],
            Key = new FlowKey
            {
                Kind = FlowAbi.IPv4 | FlowAbi.Ports,
                Protocol = (byte)(_random.Next(16) == 0 ? 17 : 6),
                Source1 = Address(isIngress ? client : server),
                Destination1 = Address(isIngress ? server : client),
                Ports = isIngress ? Ports(ephemeral, service) : Ports(service, ephemeral),
            },
            FirstSeen = 1_000_000 - (packets == 1 ? 0 : (uint)Math.Exp(_random.NextDouble() * 9)),
            LastSeen = 1_000_000,
            Gain = new FrameCount(packets, packets * (ulong)(64 + (1400 * Math.Pow(_random.NextDouble(), 2)))),
            EndReason = _random.Next(10) == 0 ? FlowEndReason.ActiveTimeout : FlowEndReason.IdleTimeout,
        };
    }

    private static ulong Address(uint address) => 0xffff0000UL | ((ulong)BinaryPrimitives.ReverseEndianness(address) << 32);

    private static uint Ports(ushort source, ushort destination) =>
        BinaryPrimitives.ReverseEndianness(source) | ((uint)BinaryPrimitives.ReverseEndianness(destination) << 16);
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
