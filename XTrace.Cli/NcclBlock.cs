using System.Globalization;
using XTrace.Rdma;

namespace XTrace.Cli;

/// <summary>What mode nccl prints of a port: all its counters by what they tell of collectives, with what rose marked.</summary>
internal static class NcclBlock
{
    private static readonly RdmaCounterCategory[] s_order =
    [
        RdmaCounterCategory.Traffic, RdmaCounterCategory.Retransmission, RdmaCounterCategory.Congestion, RdmaCounterCategory.Error, RdmaCounterCategory.Other,
    ];

    internal static void Write(RdmaBlockSource block, TimeSpan running, TextWriter output)
    {
        output.WriteLine(RdmaMessages.NcclTitle);
        output.WriteLine(RdmaMessages.Device(block.Name));
        if (block.Port is { } port)
        {
            (RdmaPortState? state, RdmaPhysicalState? physicalState, string? rate) = port.ReadState();
            output.WriteLine(RdmaMessages.Interface(block.Interfaces.Count == 0 ? "-" : string.Join(", ", block.Interfaces)));
            output.WriteLine($"{RdmaMessages.PortState($"{state}", $"{physicalState}").TrimStart()}, {rate ?? "-"}");
        }
        output.WriteLine(RdmaMessages.Running(running));
        foreach (RdmaCounterCategory category in s_order)
        {
            CounterFile[] files = [.. block.Files.Where(file => file.Info.Category == category)];
            if (files.Length > 0)
            {
                output.WriteLine();
                output.WriteLine(RdmaMessages.Group(category));
                Array.ForEach(files, file => output.WriteLine(Line(file)));
            }
        }
        output.WriteLine("---");
    }

    /// <summary><c>* name  value  +increment  rate</c>; the star is at what rose.</summary>
    private static string Line(CounterFile file)
    {
        string name = file.Place.Source == RdmaCounterSource.HwCounters ? file.Name : $"{CounterCatalogue.FolderOf(file.Place.Source)}/{file.Name}";
        string value = file.Current?.ToString(CultureInfo.InvariantCulture) ?? "";
        string status = file.Status == RdmaCounterStatus.Ok ? "" : $"{file.Status}";
        string delta = file.Delta is { } growth ? $"+{growth.ToString(CultureInfo.InvariantCulture)}" : "";
        string rate = file.RatePerSecond is not { } perSecond ? ""
            : file.Info.Unit == RdmaCounterUnit.Bytes ? Quantity.BitRate(perSecond)
            : Quantity.Rate(perSecond);
        return $"{(file.Delta > 0 ? '*' : ' ')} {name,-42} {value,20} {delta,14} {rate,14} {status}".TrimEnd();
    }
}
