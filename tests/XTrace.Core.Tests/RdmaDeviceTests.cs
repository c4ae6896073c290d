using XTrace.Rdma;
using XTrace.Testbed;

namespace XTrace.Tests;

/// <summary>Devices, ports and their network interfaces, on trees laid out as drivers lay them out.</summary>
[Collection("sysfs root")]
public sealed class RdmaDeviceTests : IDisposable
{
    private const string Gid0 = "fe80:0000:0000:0000:0a0b:0c0d:0e0f:1011";
    private const string IpoibOfGid0 = "80:00:00:48:fe:80:00:00:00:00:00:00:0a:0b:0c:0d:0e:0f:10:11";

    private readonly RdmaTree _tree = new();

    private SysfsTree Tree => _tree.Tree;

    public void Dispose() => _tree.Dispose();

    [Fact]
    public void An_mlx5_device_has_all_that_its_driver_says()
    {
        string device = Tree.AddDevice("mlx5_0", "mlx5_core", "0000:3b:00.1");
        Tree.Write($"{device}/fw_ver", "28.39.1002");
        Tree.Write($"{device}/board_id", "MT_0000000838");
        Tree.Write($"{device}/node_guid", "0c42:a103:0065:d1e2");
        Tree.Write("devices/pci0000:3b/0000:3b:00.1/numa_node", "1");
        Tree.AddPort(device, 1, rate: "400 Gb/sec (4X NDR)", linkLayer: "InfiniBand");
        Tree.AddPort(device, 2, state: "1: DOWN", rate: "2.5 Gb/sec (1X SDR)");
        RdmaDevice read = RdmaTree.Device("mlx5_0");
        Assert.Equal(
            ("mlx5_core", "28.39.1002", "MT_0000000838", "0000:3b:00.1", 1, "0c42:a103:0065:d1e2", false),
            (read.Driver, read.Firmware, read.Board, read.PciAddress, read.NumaNode, read.NodeGuid, read.IsVirtualFunction));
        Assert.Equal(
            [("mlx5_0/1", RdmaPortState.Active), ("mlx5_0/2", RdmaPortState.Down)],
            read.Ports.Select(port => ($"{port}", port.State!.Value)));
        Assert.Equal([400_000_000_000ul, 2_500_000_000ul], read.Ports.Select(port => port.BitsPerSecond!.Value));
        Assert.Equal(["InfiniBand", "Ethernet"], read.Ports.Select(port => port.LinkLayer));
        Assert.Equal(Tree.PathOf("class/infiniband/mlx5_0"), read.Path);
    }

    [Fact]
    public void A_virtual_function_is_told_and_a_machine_of_one_node_has_none()
    {
        Tree.AddDevice("mlx5_2", "mlx5_core", "0000:3b:00.2");
        Tree.AddDevice("mlx5_0", "mlx5_core", "0000:3b:00.0");
        Tree.Link("devices/pci0000:3b/0000:3b:00.2/physfn", "devices/pci0000:3b/0000:3b:00.0");
        Tree.Write("devices/pci0000:3b/0000:3b:00.2/numa_node", "-1");
        Assert.True(RdmaTree.Device("mlx5_2").IsVirtualFunction);
        Assert.Null(RdmaTree.Device("mlx5_2").NumaNode);
        Assert.False(RdmaTree.Device("mlx5_0").IsVirtualFunction);
    }

    [Fact]
    public void A_device_on_the_auxiliary_bus_has_its_own_driver_and_the_PCI_function_above()
    {
        const string Function = "devices/pci0000:3b/0000:3b:00.0";
        string device = Tree.AddSoftwareDevice("mlx5_4");
        Tree.Link($"{device}/device", $"{Function}/mlx5_core.sf.4");
        Tree.Write($"{Function}/numa_node", "0");
        Tree.Link($"{Function}/mlx5_core.sf.4/driver", "bus/auxiliary/drivers/mlx5_core.sf");
        RdmaDevice read = RdmaTree.Device("mlx5_4");
        Assert.Equal(("mlx5_core.sf", "0000:3b:00.0", 0), (read.Driver, read.PciAddress, read.NumaNode));
    }

    [Fact]
    public void Software_devices_are_told_without_their_names()
    {
        string rxe = Tree.AddSoftwareDevice("mlx5_0");
        Tree.Write($"{rxe}/parent", "eth0");
        Tree.AddSoftwareDevice("mlx5_1", nodeType: "4: RNIC");
        Tree.AddSoftwareDevice("mlx5_2");
        Assert.Equal(["rdma_rxe", "siw", null], RdmaDevices.Read(RdmaDevices.Names).Select(device => device.Driver));
    }

    [Fact]
    public void Devices_come_in_the_order_in_which_people_count()
    {
        foreach (string name in new[] { "mlx5_10", "mlx5_2", "rocep1s0", "mlx5_1", "mlx5_02" })
        {
            Tree.AddDevice(name, "mlx5_core");
        }
        Assert.Equal(["mlx5_1", "mlx5_02", "mlx5_2", "mlx5_10", "rocep1s0"], RdmaDevices.Names);
    }

    [Fact]
    public void No_class_folder_means_no_devices()
    {
        Assert.Empty(RdmaDevices.Names);
    }

    [Fact]
    public void A_root_that_is_no_folder_is_an_error_that_names_the_variable()
    {
        Environment.SetEnvironmentVariable(Sysfs.RootVariable, "/nosuch");
        XTraceException error = Assert.Throws<XTraceException>(() => RdmaDevices.Names);
        Assert.Equal(("SysfsRootNotFound", XTraceErrorKind.NotFound), (error.ErrorId, error.Kind));
        Assert.Contains("XTRACE_SYSFS_ROOT is '/nosuch'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Attributes_that_cannot_be_read_are_null_and_the_rest_is_there()
    {
        string device = Tree.AddDevice("mlx5_0", "mlx5_core");
        Tree.Fail($"{device}/fw_ver", 5);
        string port = $"{device}/ports/1";
        Tree.Fail($"{port}/state", 22);
        Tree.Fail($"{port}/rate", 22);
        Tree.Write($"{port}/phys_state", "9: <unknown>");
        Tree.Write($"{port}/link_layer", "Ethernet");
        RdmaDevice read = RdmaTree.Device("mlx5_0");
        Assert.Null(read.Firmware);
        RdmaPort only = Assert.Single(read.Ports);
        Assert.Equal(
            (null, (RdmaPhysicalState)9, null, null, "Ethernet"),
            (only.State, only.PhysicalState, only.Rate, only.BitsPerSecond, only.LinkLayer));
    }

    [Theory]
    [InlineData("2.5 Gb/sec (1X SDR)", 2_500_000_000ul)]
    [InlineData("10 Gb/sec (4X)", 10_000_000_000ul)]
    [InlineData("1600 Gb/sec (8X XDR)", 1_600_000_000_000ul)]
    [InlineData("fast", null)]
    [InlineData("-1 Gb/sec (1X SDR)", null)]
    [InlineData(null, null)]
    public void Rates_are_decimal(string? text, ulong? expected)
    {
        Assert.Equal(expected, PortFolder.ParseRate(text));
    }

    [Fact]
    public void One_port_has_many_interfaces_in_its_GID_table_and_unused_entries_count_for_nothing()
    {
        string port = Tree.AddPort(Tree.AddDevice("mlx5_0", "mlx5_core"));
        Tree.AddGid(port, 0, Gid0, "eth0");
        Tree.AddGid(port, 1, "0000:0000:0000:0000:0000:ffff:0a00:0001", "eth0");
        Tree.AddGid(port, 2, "0000:0000:0000:0000:0000:ffff:0a00:0101", "eth0.100");
        Tree.AddGid(port, 3, "0000:0000:0000:0000:0000:0000:0000:0000");
        Tree.AddGid(port, 10, "fe80:0000:0000:0000:0000:0000:0000:0001");
        Tree.AddInterface("eth7", "0000:3b:00.0");
        RdmaPort read = Assert.Single(RdmaTree.Device("mlx5_0").Ports);
        Assert.Equal(
            [("eth0", RdmaInterfaceMethod.GidTable), ("eth0.100", RdmaInterfaceMethod.GidTable)],
            read.Interfaces.Select(netdev => (netdev.InterfaceAlias, netdev.FoundBy)));
        Assert.Equal([(0, "eth0"), (1, "eth0"), (2, "eth0.100"), (10, null)], read.Gids.Select(gid => (gid.Index, gid.InterfaceAlias)));
    }

    [Fact]
    public void A_bond_is_of_both_its_devices()
    {
        foreach (int function in new[] { 0, 1 })
        {
            string port = Tree.AddPort(Tree.AddDevice($"mlx5_{function}", "mlx5_core", $"0000:3b:00.{function}"));
            Tree.AddGid(port, 0, Gid0, $"eth{function}");
            Tree.AddGid(port, 1, "0000:0000:0000:0000:0000:ffff:0a00:0001", "bond0");
        }
        Assert.Equal(["eth0", "bond0"], RdmaTree.Device("mlx5_0").InterfaceAlias);
        Assert.Equal(["eth1", "bond0"], RdmaTree.Device("mlx5_1").InterfaceAlias);
    }

    [Fact]
    public void IPoIB_interfaces_are_found_by_the_GID_in_their_address_and_partitions_with_them()
    {
        string port = Tree.AddPort(Tree.AddDevice("mlx5_0", "mlx5_core"), linkLayer: "InfiniBand");
        Tree.AddGid(port, 0, Gid0);
        Tree.AddInterface("ibs8f0", "0000:3b:00.0", type: "32", address: IpoibOfGid0);
        Tree.AddInterface("ibs8f0.8001", type: "32", address: IpoibOfGid0.Replace("48", "49", StringComparison.Ordinal));
        Tree.AddInterface("ibs9f0", "0000:3b:00.0", type: "32", address: IpoibOfGid0.Replace("0f", "1f", StringComparison.Ordinal));
        Tree.AddInterface("eth0", "0000:3b:00.0");
        Assert.Equal(
            [("ibs8f0", RdmaInterfaceMethod.IpoibAddress), ("ibs8f0.8001", RdmaInterfaceMethod.IpoibAddress)],
            Assert.Single(RdmaTree.Device("mlx5_0").Ports).Interfaces.Select(netdev => (netdev.InterfaceAlias, netdev.FoundBy)));
    }

    [Fact]
    public void Where_the_kernel_names_none_those_on_the_PCI_function_are_taken()
    {
        Tree.AddPort(Tree.AddDevice("rocep1s0", "ice", "0000:18:00.0"));
        Tree.AddInterface("ens1", "0000:18:00.0");
        Tree.AddInterface("ens2", "0000:18:00.1");
        string representor = Tree.AddInterface("ens1_0", "0000:18:00.0");
        Tree.Write($"{representor}/phys_port_name", "pf0vf3");
        RdmaInterface found = Assert.Single(Assert.Single(RdmaTree.Device("rocep1s0").Ports).Interfaces);
        Assert.Equal(("ens1", RdmaInterfaceMethod.PciFunction), (found.InterfaceAlias, found.FoundBy));
    }

    [Fact]
    public void Two_ports_on_one_PCI_function_are_told_apart_by_dev_port()
    {
        string device = Tree.AddDevice("mlx4_0", "mlx4_core", "0000:04:00.0");
        Tree.AddPort(device, 1);
        Tree.AddPort(device, 2);
        Tree.AddInterface("enp4s0", "0000:04:00.0", devPort: "0");
        Tree.AddInterface("enp4s0d1", "0000:04:00.0", devPort: "1");
        Assert.Equal(["enp4s0", "enp4s0d1"], RdmaTree.Device("mlx4_0").Ports.Select(port => Assert.Single(port.Interfaces).InterfaceAlias));
    }
}
