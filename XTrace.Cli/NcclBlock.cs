using System.Globalization;
using XTrace.Rdma;

namespace XTrace.Cli;

/// <summary>The block of a port in mode nccl: all its counters by their meaning for collectives. Those that rose are marked.</summary>
internal static class NcclBlock
{
    private static readonly RdmaCounterCategory[] s_order =
    [
        RdmaCounterCategory.Traffic,
        RdmaCounterCategory.Retransmission,
        RdmaCounterCategory.Congestion,
        RdmaCounterCategory.Error,
        RdmaCounterCategory.Other,
    ];

    internal static void Write(CounterPlace place, TimeSpan running, bool onlyChanged, TextWriter output)
    {
        output.WriteLine(RdmaLabels.NcclTitle);
        output.WriteLine(RdmaLabels.Device($"{place}"));
        if (place.PortFolder is { } port)
        {
            (RdmaPortState? state, RdmaPhysicalState? physicalState, string? rate) = port.ReadState();
            output.WriteLine(RdmaLabels.Interface(place.Interfaces));
            output.WriteLine($"{RdmaLabels.PortState($"{state}", $"{physicalState}").TrimStart()}, {rate ?? "-"}");
        }
        output.WriteLine(RdmaLabels.Running(running));
        foreach (RdmaCounterCategory category in s_order)
        {
            CounterFile[] files = [.. place.Files.Where(file => file.Info.Category == category && (!onlyChanged || file.Delta > 0))];
            if (files.Length > 0)
            {
                output.WriteLine();
                output.WriteLine(RdmaLabels.Group(category));
                Array.ForEach(files, file => output.WriteLine(Line(file)));
            }
        }
        output.WriteLine("---");
    }

    /// <summary><c>* name  value  +increment  rate</c>; the star is at what rose.</summary>
    private static string Line(CounterFile file)
    {
        string name = file.Source == RdmaCounterSource.HwCounters ? file.Name : $"{CounterCatalogue.FolderOf(file.Source)}/{file.Name}";
        string value = file.Current?.ToString(CultureInfo.InvariantCulture) ?? "";
        string status = file.Status == RdmaCounterStatus.Ok ? "" : $"{file.Status}";
        string delta = file.Delta is { } growth ? $"+{growth.ToString(CultureInfo.InvariantCulture)}" : "";
        string rate = file.RatePerSecond is not { } perSecond ? ""
            : file.Info.Unit == RdmaCounterUnit.Bytes ? Quantity.BitRate(perSecond)
            : Quantity.Rate(perSecond);
        return $"{(file.Delta > 0 ? '*' : ' ')} {name,-42} {value,20} {delta,14} {rate,14} {status}".TrimEnd();
    }
}
