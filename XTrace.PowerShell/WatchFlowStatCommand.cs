using System.Management.Automation;
using XTrace.Live;
using XTrace.Messages;

namespace XTrace.PowerShell;

/// <summary>Shows flows live on the terminal, until the user ends it. Emits nothing.</summary>
[Cmdlet(VerbsCommon.Watch, "FlowStat")]
public sealed class WatchFlowStatCommand : FlowCommand, IDisposable
{
    private readonly Lock _stopping = new();
    private LiveView? _view;
    private bool _isStopped;

    /// <summary>Without -Direction, both are counted.</summary>
    public WatchFlowStatCommand() => Direction = FlowDirection.Both;

    /// <summary>Tell process, container and the state of TCP as well.</summary>
    [Parameter]
    public SwitchParameter Detail { get; set; } = true;

    /// <summary>Seconds between samples; 0.1 to 3,600.</summary>
    [Parameter]
    [Number<double>(0.1, 3600)]
    public double SampleInterval { get; set; } = 1;

    /// <inheritdoc/>
    private protected override void End()
    {
        TryFor(string.Join(", ", Targets.Keys), () =>
        {
            try
            {
                Watch();
            }
            finally
            {
                Dispose();
            }
        });
    }

    /// <inheritdoc/>
    protected override void StopProcessing()
    {
        lock (_stopping)
        {
            _isStopped = true;
            _view?.Stop();
        }
    }

    /// <summary>Gives the terminal back; PowerShell calls it as well, however the command ends.</summary>
    public void Dispose()
    {
        lock (_stopping)
        {
            _view?.Dispose();
            _view = null;
        }
    }

    private void Watch()
    {
        if (Host.Name is "ServerRemoteHost" or "Default Host")
        {
            throw new XTraceException(LiveMessages.NotInJob, null);
        }
        LiveView view = new(new LiveOptions
        {
            Flows = Shared with
            {
                Directions = Direction,
                DirectionsOf = Targets.ToDictionary(target => target.Key, target => (FlowDirection?)(target.Value ?? FlowDirection.Both)),
                Detail = Detail,
            },
            Interval = TimeSpan.FromSeconds(SampleInterval),
        });
        lock (_stopping)
        {
            _view = view;
            if (_isStopped)
            {
                view.Stop();
            }
        }
        try
        {
            if (view.Open())
            {
                view.Run();
            }
        }
        finally
        {
            // The terminal first: what is said stands on the screen that the user comes back to.
            Dispose();
            foreach (Notice notice in view.Notices)
            {
                Report(notice);
            }
        }
    }
}
