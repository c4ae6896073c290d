using XTrace.Monitors;
using XTrace.Net;

namespace XTrace.Cli.Tests;

internal static class PinnedMonitor
{
    /// <summary>Starts a monitor of what arrives at an interface of the watched end's namespace, as Start-XdpMonitor does.</summary>
    internal static XdpMonitor StartMonitor(this VethPair pair, MonitorOptions options, string? name = null) => pair.Run(() =>
        Assert.Single(MonitorStore.Start([(pair.Find(name ?? pair.Interface), FlowDirection.Ingress)], options, force: false, Fail)));

    /// <summary>The monitor that there is.</summary>
    internal static XdpMonitor FindMonitor(this VethPair pair) => pair.Run(() => Assert.Single(MonitorStore.List(withCounts: true)));

    /// <summary>An interface of the watched end's namespace.</summary>
    internal static NetInterface Find(this VethPair pair, string name) =>
        pair.Run(() => NetInterfaces.List().Single(target => target.Name == name));

    private static void Fail(Notice notice) => Assert.True(notice.Level != NoticeLevel.Error, notice.Text);
}
