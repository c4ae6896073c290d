namespace XTrace.Monitors;

/// <summary>
/// The pinned monitor that a new one takes the place of, if there is one. It goes when the new one is attached, or just
/// before if it has the slot that the new one needs.
/// </summary>
/// <param name="existing">The monitor, or null.</param>
/// <param name="report">Is told when it goes.</param>
internal sealed class Replacement(XdpMonitor? existing, Action<string> report)
{
    private bool _isGone = existing == null;

    /// <summary>Whether a program is the monitor's.</summary>
    internal bool Is(uint programId) => !_isGone && existing!.ProgramId == programId;

    /// <summary>Removes the monitor, once.</summary>
    internal void MakeRoom()
    {
        if (!_isGone)
        {
            report($"{existing!.InterfaceAlias}: replacing the monitor that is {existing.State}.");
            new PinDirectory(existing.Path).Remove();
            _isGone = true;
        }
    }
}
