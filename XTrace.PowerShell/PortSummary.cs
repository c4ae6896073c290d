namespace XTrace.PowerShell;

/// <summary>
/// What the ports of a device have in the columns of its table. A device with one port, as most are, has the port's value. A device
/// with several has a list of texts, so that <c>-eq</c> and <c>-ne</c> find a device by any of its ports.
/// </summary>
public static class PortSummary
{
    /// <summary>The logical states.</summary>
    public static object? State(RdmaDevice device) => Common(device, port => port.State);

    /// <summary>The states of the links below.</summary>
    public static object? PhysicalState(RdmaDevice device) => Common(device, port => port.PhysicalState);

    /// <summary>InfiniBand or Ethernet.</summary>
    public static object? LinkLayer(RdmaDevice device) => Common(device, port => port.LinkLayer);

    /// <summary>The rates, as the kernel says them.</summary>
    public static object? Rate(RdmaDevice device) => Common(device, port => port.Rate);

    // In a list an unreadable value has a name: PowerShell takes a list of nothing but null for false.
    private static object? Common(RdmaDevice device, Func<RdmaPort, object?> value)
    {
        ArgumentNullException.ThrowIfNull(device);
        return (device.Ports ?? []) switch
        {
            [] => null,
            [RdmaPort port] => value(port),
            ItemList<RdmaPort> ports => new ItemList<string>([.. ports.Select(port => $"{value(port) ?? "Unknown"}")]),
        };
    }
}
