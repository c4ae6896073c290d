using System.Globalization;

namespace XTrace.Rdma;

/// <summary>A speed and a width of a PCIe link.</summary>
/// <param name="Speed">Transfers a second and lane, in 10^9 (GT/s).</param>
/// <param name="Width">Lanes.</param>
internal readonly record struct PcieRate(double Speed, int Width)
{
    /// <summary>
    /// Bits a second in one direction: up to 5 GT/s, 8 of 10 bits are data, then 128 of 130, and at 64 GT/s 242 of 256 bytes
    /// (PCI Express Base Specification).
    /// </summary>
    internal double BitsPerSecond => Speed * 1e9 * Width * (Speed <= 5 ? 8.0 / 10 : Speed < 64 ? 128.0 / 130 : 242.0 / 256);

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Speed:0.0} GT/s x{Width}");
}

/// <summary>The PCIe link of a device, and the best that the device and its slot can do.</summary>
/// <param name="Current">The link as it is.</param>
/// <param name="Device">The most that the device can do.</param>
/// <param name="Slot">The most that the port above it can do; null if it is not shown.</param>
internal readonly record struct PcieLink(PcieRate Current, PcieRate Device, PcieRate? Slot)
{
    /// <summary>The most that both can do.</summary>
    internal PcieRate Possible => Slot is { } slot
        ? new PcieRate(Math.Min(Device.Speed, slot.Speed), Math.Min(Device.Width, slot.Width))
        : Device;

    /// <summary>Reads it of the PCI function in a folder of sysfs: drivers/pci/pci-sysfs.c. Null if it is on no PCIe bus.</summary>
    internal static PcieLink? Read(string function) =>
        ReadRate(function, "current") is { } current && ReadRate(function, "max") is { } most
            ? new PcieLink(current, most, ReadRate(Path.GetDirectoryName(function)!, "max"))
            : null;

    private static PcieRate? ReadRate(string folder, string which) =>
        SysfsFile.ReadText(Path.Combine(folder, $"{which}_link_speed"))?.Split(' ') is [var speed, "GT/s", ..]
        && double.TryParse(speed, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double transfers)
        && SysfsFile.ReadText(Path.Combine(folder, $"{which}_link_width")) is var lanes
        && int.TryParse(lanes, NumberStyles.None, CultureInfo.InvariantCulture, out int width)
        && width is > 0 and < 64
            ? new PcieRate(transfers, width)
            : null;
}
