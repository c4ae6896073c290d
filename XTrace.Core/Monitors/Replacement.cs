namespace XTrace.Monitors;

/// <summary>
/// The pinned point that a new one takes the place of, if there is one. It goes when the new one is attached, or just
/// before if it has the slot that the new one needs.
/// </summary>
/// <param name="programId">The program of the point that goes; 0 for none.</param>
/// <param name="remove">Takes it away.</param>
internal sealed class Replacement(uint programId, Action remove)
{
    private bool _isGone;

    /// <summary>Whether a program is the one that goes.</summary>
    internal bool Is(uint program) => !_isGone && programId != 0 && program == programId;

    /// <summary>Takes the point away, once.</summary>
    internal void MakeRoom()
    {
        if (!_isGone)
        {
            remove();
            _isGone = true;
        }
    }
}
