using System.Reflection;

namespace XTrace.Tests;

/// <summary>What other programs may build on: small, and not changed by accident.</summary>
public sealed class PublicSurfaceTests
{
    private static readonly Assembly s_engine = typeof(FlowSession).Assembly;

    [Fact]
    public void The_engine_shows_sessions_and_what_they_take_and_give() => Assert.Equal(
        [
            "AttachMode", "BpfException", "FlowDirection", "FlowEndReason", "FlowFilter", "FlowLimit", "FlowOrder", "FlowSample",
            "FlowSession", "FlowSessionOptions", "FlowStat", "IPProtocol", "ItemList", "ItemList`1", "MonitorHook", "MonitorState",
            "Notice", "NoticeLevel", "OwnerFilter", "RdmaCounter", "RdmaCounterCategory", "RdmaCounterDirection", "RdmaCounterKind",
            "RdmaCounterSource", "RdmaCounterStatus", "RdmaCounterUnit", "RdmaDevice", "RdmaGid", "RdmaHealth", "RdmaHealthCheck",
            "RdmaHealthStatus", "RdmaInterface", "RdmaInterfaceMethod", "RdmaPhysicalState", "RdmaPort", "RdmaPortState",
            "RdmaQueuePair", "RdmaQueuePairOrder", "RdmaQueuePairState", "RdmaQueuePairType", "RoceOpcode", "TcpControlBits",
            "TcpState", "TrafficType", "XTraceErrorKind", "XTraceException", "XdpMonitor",
        ],
        s_engine.GetExportedTypes().Select(type => type.Name).Order(StringComparer.Ordinal));

    [Fact]
    public void A_session_is_opened_waited_for_sampled_and_stopped() => Assert.Equal(
        [
            "Abandon", "Dispose", "IsOver", "Open", "ReadsMonitors", "Sample", "SampleMonitors", "Stop", "Wait", "WatchesAnything",
        ],
        typeof(FlowSession)
            .GetMembers(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly)
            .Where(member => member is PropertyInfo or MethodInfo { IsSpecialName: false })
            .Select(member => member.Name)
            .Order(StringComparer.Ordinal));
}
