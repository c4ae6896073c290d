using XTrace.Flows;
using XTrace.Monitors;
using XTrace.Net;

namespace XTrace.Tests;

/// <summary>Which hooks are tried on what kind of interface, and in what order.</summary>
public sealed class HookPlanTests
{
    private static readonly NetInterface s_device = new("eth7", 7);
    private static readonly NetInterface s_forgetful = new("ens192", 7) { Driver = "vmxnet3" };
    private static readonly NetInterface s_veth = new("veth7", 7) { Kind = "veth" };
    private static readonly NetInterface s_loopback = new("lo", 1) { HardwareType = HardwareType.Loopback };
    private static readonly NetInterface s_tun = new("tun7", 7) { Kind = "tun", HardwareType = HardwareType.None };
    private static readonly NetInterface s_ipoib = new("ib7", 7) { HardwareType = HardwareType.InfiniBand };

    [Fact]
    public void Auto_is_native_first_on_a_device_and_TC_on_what_is_virtual()
    {
        Assert.Equal(
            [MonitorHook.XdpNative, MonitorHook.Tcx, MonitorHook.Clsact, MonitorHook.XdpGeneric],
            Hooks(s_device, FlowDirection.Ingress, AttachMode.Auto));
        Assert.Equal([MonitorHook.Tcx, MonitorHook.Clsact, MonitorHook.XdpGeneric], Hooks(s_veth, FlowDirection.Ingress, AttachMode.Auto));
        Assert.Equal(
            [MonitorHook.Tcx, MonitorHook.Clsact, MonitorHook.XdpGeneric],
            Hooks(s_loopback, FlowDirection.Ingress, AttachMode.Auto));
        Assert.Equal([MonitorHook.Tcx, MonitorHook.Clsact], Hooks(s_tun, FlowDirection.Ingress, AttachMode.Auto));
        Assert.Equal([MonitorHook.Tcx, MonitorHook.Clsact], Hooks(s_ipoib, FlowDirection.Ingress, AttachMode.Auto));
    }

    [Theory]
    [InlineData(AttachMode.Auto, "Detail DriverForgetsXdp", MonitorHook.Tcx, MonitorHook.Clsact, MonitorHook.XdpGeneric)]
    [InlineData(AttachMode.Native, "", MonitorHook.XdpNative)]
    [InlineData(AttachMode.Tc, "", MonitorHook.Tcx, MonitorHook.Clsact)]
    public void Auto_is_TC_where_the_driver_forgets_an_XDP_program(
        AttachMode mode, string said, params MonitorHook[] hooks)
    {
        List<string> notices = [];
        HookPlan plan = new MonitorOptions { Mode = mode }.PlanFor(
            s_forgetful, FlowDirection.Ingress, report: notice => notices.Add($"{notice.Level} {notice.Id}"));
        Assert.Equal(hooks, plan.Hooks);
        Assert.Equal(said, string.Join(", ", notices));
    }

    [Fact]
    public void A_mode_that_is_asked_for_has_no_substitute()
    {
        Assert.Equal([MonitorHook.XdpNative], Hooks(s_veth, FlowDirection.Ingress, AttachMode.Native));
        Assert.Equal([MonitorHook.XdpGeneric], Hooks(s_device, FlowDirection.Ingress, AttachMode.Generic));
        Assert.Equal([MonitorHook.Tcx, MonitorHook.Clsact], Hooks(s_device, FlowDirection.Ingress, AttachMode.Tc));
    }

    [Theory]
    [InlineData(AttachMode.Auto)]
    [InlineData(AttachMode.Tc)]
    public void Egress_is_TC(AttachMode mode) =>
        Assert.Equal([MonitorHook.Tcx, MonitorHook.Clsact], Hooks(s_device, FlowDirection.Egress, mode));

    [Theory]
    [InlineData(AttachMode.Native)]
    [InlineData(AttachMode.Generic)]
    public void Egress_alone_cannot_be_XDP_and_of_both_directions_it_is_TC(AttachMode mode)
    {
        Assert.Equal("EgressNeedsTc", Refusal(s_device, FlowDirection.Egress, mode).ErrorId);
        MonitorOptions both = new() { Mode = mode, Direction = FlowDirection.Both };
        Assert.Equal([MonitorHook.Tcx, MonitorHook.Clsact], both.PlanFor(s_device, FlowDirection.Egress).Hooks);
        Assert.Single(both.PlanFor(s_device, FlowDirection.Ingress).Hooks);
    }

    [Fact]
    public void What_has_no_Ethernet_header_is_TC_only()
    {
        Assert.Equal(FlowAbi.LinkIp, HookPlan.For(s_tun, FlowDirection.Ingress, AttachMode.Auto).Link);
        Assert.Equal(FlowAbi.LinkIpoib, HookPlan.For(s_ipoib, FlowDirection.Egress, AttachMode.Auto).Link);
        Assert.Equal("LinkNotSupported", Refusal(s_tun, FlowDirection.Ingress, AttachMode.Native).ErrorId);
        Assert.Equal("LinkNotSupported", Refusal(s_ipoib, FlowDirection.Ingress, AttachMode.Generic).ErrorId);
        NetInterface can = new("can0", 9) { HardwareType = (HardwareType)280 };
        XTraceException unknown = Refusal(can, FlowDirection.Ingress, AttachMode.Auto);
        Assert.Equal("LinkNotSupported", unknown.ErrorId);
        Assert.Contains("hardware type 280", unknown.Message, StringComparison.Ordinal);
    }

    private static IReadOnlyList<MonitorHook> Hooks(NetInterface target, FlowDirection direction, AttachMode mode) =>
        HookPlan.For(target, direction, mode).Hooks;

    private static XTraceException Refusal(NetInterface target, FlowDirection direction, AttachMode mode) =>
        Assert.Throws<XTraceException>(() => HookPlan.For(target, direction, mode));
}
