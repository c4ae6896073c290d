using System.Text.Json;
using XTrace.Net;
using XTrace.Testbed;

namespace XTrace.Tests;

/// <summary>Interfaces as the kernel tells them through netlink, against what ip(8) says.</summary>
[Trait("Category", "Privileged")]
public sealed class InterfaceTests : IDisposable
{
    private readonly NetNamespace _namespace = new($"xt-if-{Environment.ProcessId}");

    public InterfaceTests() => _namespace.Run(() =>
    {
        Ip("link add br0 type bridge");
        Ip("link add port0 type veth peer name port1");
        Ip("link set port0 master br0");
        Ip("link add mac0 link port1 type macvlan");
        Ip("link add vx0 type vxlan id 7 dev port1 dstport 4789");
        Ip("link add ifb7 type ifb");
        return Command.Run("ip", "tuntap", "add", "tun0", "mode", "tun");
    });

    [Fact]
    public void Names_indexes_kinds_and_relations_are_those_of_ip()
    {
        (IReadOnlyList<NetInterface> ours, string json) = _namespace.Run(
            () => (NetInterfaces.List(), Command.Run("ip", "-d", "-j", "link")));
        using JsonDocument document = JsonDocument.Parse(json);
        Assert.Equal(document.RootElement.GetArrayLength(), ours.Count);
        foreach ((JsonElement ip, NetInterface target) in document.RootElement.EnumerateArray().Zip(ours))
        {
            Assert.Equal((ip.GetProperty("ifname").GetString(), ip.GetProperty("ifindex").GetInt32()), (target.Name, target.Index));
            Assert.Equal(KindOf(ip), target.Kind);
            Assert.Equal(ip.TryGetProperty("master", out JsonElement master) ? master.GetString() : null, NameOf(ours, target.Master));
            Assert.Equal(LowerOf(ip), NameOf(ours, target.Lower));
        }
        Assert.Equal(HardwareType.None, ours.Single(target => target.Name == "tun0").HardwareType);
        Assert.Equal(HardwareType.Loopback, ours.Single(target => target.Name == "lo").HardwareType);
        Assert.Equal(HardwareType.Ether, ours.Single(target => target.Name == "br0").HardwareType);
        Assert.True(ours.All(target => target.IsVirtual));
    }

    [Theory]
    [InlineData("br0 port0", "br0 port0")]
    [InlineData("port1 mac0", "mac0 port1")]
    [InlineData("port1 vx0", "vx0 port1")]
    [InlineData("br0 port0 port1 mac0", "br0 port0,mac0 port1")]
    [InlineData("port0 port1", "")] // the ends of a veth pair
    [InlineData("br0 mac0 tun0 lo", "")]
    [InlineData("br0", "")]
    public void Stacked_interfaces_are_found(string chosen, string expected)
    {
        IReadOnlyList<NetInterface> all = _namespace.Run(NetInterfaces.List);
        HashSet<int> indexes = [.. chosen.Split(' ').Select(name => all.Single(target => target.Name == name).Index)];
        IEnumerable<string> found = StackedInterfaces.Among(all, indexes).Select(pair => $"{pair.Upper.Name} {pair.Lower.Name}")
            .Order(StringComparer.Ordinal);
        Assert.Equal(expected, string.Join(',', found));
    }

    [Fact]
    public void Stacks_are_followed_over_layers_that_are_not_chosen()
    {
        NetInterface[] all =
        [
            new("eth0", 1) { Master = 3 }, new("eth1", 2) { Master = 3 }, new("bond0", 3) { Kind = "bond" },
            new("bond0.5", 4) { Kind = "vlan", Lower = 3, Master = 5 }, new("br0", 5) { Kind = "bridge" },
        ];
        Assert.Equal(
            ["br0 eth0", "br0 eth1"],
            StackedInterfaces.Among(all, new HashSet<int> { 1, 2, 5 }).Select(pair => $"{pair.Upper.Name} {pair.Lower.Name}"));
    }

    [Fact]
    public void An_alternative_name_is_a_name()
    {
        NetInterface found = _namespace.Run(() =>
        {
            Ip("link property add dev port0 altname another-name-for-it");
            return TestInterfaces.Get("another-name-for-it");
        });
        Assert.Equal("port0", found.Name);
    }

    public void Dispose() => _namespace.Dispose();

    private static string? KindOf(JsonElement ip) =>
        ip.TryGetProperty("linkinfo", out JsonElement info) && info.TryGetProperty("info_kind", out JsonElement kind)
            ? kind.GetString()
            : null;

    private static string? LowerOf(JsonElement ip)
    {
        string? kind = KindOf(ip);
        return kind == "vxlan" ? ip.GetProperty("linkinfo").GetProperty("info_data").GetProperty("link").GetString()
            : kind != "veth" && ip.TryGetProperty("link", out JsonElement link) ? link.GetString()
            : null;
    }

    private static string? NameOf(IReadOnlyList<NetInterface> all, int index) => all.FirstOrDefault(target => target.Index == index)?.Name;

    private static void Ip(string arguments) => Command.Run("ip", arguments.Split(' '));
}
