using XTrace.Bpf;
using XTrace.Flows;

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

    /// <summary>How many programs of others run before it, and can end a frame's way.</summary>
    internal abstract int CountProgramsBefore();

    /// <summary>Lets it outlive this process.</summary>
    internal abstract void Pin(string path);

    /// <summary>Takes the program off, whoever else holds it.</summary>
    internal abstract void Detach();

    /// <summary>Opens what a process pinned.</summary>
    /// <param name="path">The pin.</param>
    /// <param name="point">What it was attached to.</param>
    /// <exception cref="BpfException">The pin cannot be opened.</exception>
    internal static Attachment Open(string path, in Point point)
    {
        BpfHandle pin = BpfHandle.Open(path);
        return point.Hook == MonitorHook.Clsact
            ? new ClsactAttachment(pin, point.InterfaceIndex, point.Direction, endsWithProcess: false)
            : new LinkAttachment(pin, point.Hook, point.Direction);
    }

    /// <summary>Opens a pin of which only the name is known: the monitor belongs to another version, or its maps are gone.</summary>
    /// <exception cref="BpfException">The pin cannot be opened.</exception>
    internal static Attachment Open(in PointPin pin)
    {
        BpfHandle handle = BpfHandle.Open(pin.Path);
        return BpfLink.Is(handle)
            ? new LinkAttachment(handle, MonitorHook.None, pin.Direction)
            : new ClsactAttachment(handle, pin.InterfaceIndex, pin.Direction, endsWithProcess: false);
    }

    public abstract void Dispose();
}
