using XTrace.Bpf;

namespace XTrace.Monitors;

/// <summary>
/// A program on its hook. Disposing it takes the program off again, unless it was pinned: then it stays until it is
/// detached.
/// </summary>
internal abstract class Attachment : IDisposable
{
    /// <summary>The hook.</summary>
    internal abstract MonitorHook Hook { get; }

    /// <summary>The interface that the program is attached to, its id and its link's, if there is one. Index 0: to none any more.</summary>
    internal abstract (int InterfaceIndex, uint ProgramId, uint LinkId) Query();

    /// <summary>Whether this namespace's interface says itself that it runs the program there.</summary>
    internal abstract bool IsInPlace();

    /// <summary>Lets it outlive this process.</summary>
    internal abstract void Pin(PinDirectory pins);

    /// <summary>Takes the program off, whoever else holds it.</summary>
    internal abstract void Detach();

    /// <summary>Opens what a process pinned.</summary>
    /// <param name="pins">The monitor's pins, whole.</param>
    /// <exception cref="BpfException">A pin cannot be opened.</exception>
    internal static Attachment Open(PinDirectory pins)
    {
        if (!File.Exists(pins.Link))
        {
            return ClsactAttachment.Open(pins);
        }
        BpfHandle link = BpfHandle.Open(pins.Link);
        try
        {
            Flows.MonitorMeta meta = pins.ReadMeta();
            return new LinkAttachment(link, (MonitorHook)meta.Hook, (FlowDirection)meta.Direction);
        }
        catch
        {
            link.Dispose();
            throw;
        }
    }

    /// <summary>Removes a monitor's attachment and its pin, of whatever version it is.</summary>
    internal static void Remove(PinDirectory pins)
    {
        if (File.Exists(pins.Link))
        {
            using BpfHandle link = BpfHandle.Open(pins.Link);
            BpfLink.Detach(link);
            File.Delete(pins.Link);
        }
        if (File.Exists(pins.Filter))
        {
            using ClsactAttachment filter = ClsactAttachment.Open(pins);
            filter.Detach();
            File.Delete(pins.Filter);
        }
    }

    public abstract void Dispose();
}
