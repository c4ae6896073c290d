namespace XTrace.Cli.Tests;

/// <summary>The live view of RDMA ports, from trees laid out as sysfs. It needs no rights.</summary>
public sealed class LiveRdmaTests : IDisposable
{
    private readonly SysfsTree _tree = new();
    private readonly string _port;

    public LiveRdmaTests()
    {
        _port = _tree.AddPort(_tree.AddDevice("mlx5_0", "mlx5_core"));
        _tree.AddGid(_port, 0, "fe80:0000:0000:0000:0000:0000:0000:0001", "eth0");
        _tree.AddCounters(
            $"{_port}/counters",
            ["port_xmit_data", "port_rcv_data", "port_xmit_packets", "port_rcv_packets", "symbol_error"],
            "1000");
        _tree.AddCounters($"{_port}/hw_counters", ["out_of_sequence", "np_cnp_sent"], "7");
    }

    public void Dispose() => _tree.Dispose();

    [Fact]
    public void Ports_have_rates_and_the_errors_that_rose()
    {
        using TmuxPane pane = Start("-m rdma -t 1000");
        pane.WaitFor(@"^mlx5_0/1 +eth0 +Active .* 0 +0 .*\+0 +\+0 +0$");
        pane.WaitFor("^No counter of errors, retransmission or congestion has risen");
        _tree.Write($"{_port}/counters/symbol_error", "1003");
        _tree.Write($"{_port}/hw_counters/out_of_sequence", "12");
        // Last, as its rate is in one sample only: 8 Mbit in about a second.
        _tree.Write($"{_port}/counters/port_xmit_data", "251000");
        pane.WaitFor(@"^mlx5_0/1 +eth0 +Active .* (7\.\d+|8(\.\d+)?)M +0 .*\+3 +\+5 +0$");
        pane.WaitFor(@"^mlx5_0/1 symbol_error +\+3 ");
        pane.WaitFor(@"^mlx5_0/1 out_of_sequence +\+5 ");
        pane.Type("Enter");
        pane.WaitFor(@"^out_of_sequence +\+5 ");
        pane.Type("Escape", "/", "nosuch", "Enter");
        pane.WaitFor("No row matches");
        pane.Type("Escape", "Tab");
        pane.WaitFor("There are no queue pairs");
        pane.Type("q");
    }

    [Fact]
    public void A_port_that_goes_down_is_seen_and_sorting_is_by_the_column_that_is_chosen()
    {
        string other = _tree.AddPort(_tree.AddDevice("mlx5_1", "mlx5_core", "0000:5e:00.0"));
        _tree.AddCounters($"{other}/counters", ["port_xmit_data", "port_rcv_data"], "1000");
        using TmuxPane pane = Start("-m rdma -t 500");
        pane.WaitFor("^mlx5_1/1 .*Active");
        _tree.Write($"{other}/state", "1: DOWN");
        _tree.Write($"{other}/phys_state", "3: Disabled");
        pane.WaitFor("^mlx5_1/1 .*Down/Disabled");
        pane.Type("s", "Down", "Enter");
        pane.WaitFor("Recv↓");
        pane.Type("r");
        pane.WaitFor("Recv↑");
    }

    [Fact]
    public void The_tree_of_a_real_machine_is_shown()
    {
        using SysfsTree tree = SysfsTree.Unpack(Repository.PathOf("tests/XTrace.Core.Tests/Fixtures/rdma/rxe-6.1-before.tar.xz"));
        using TmuxPane pane = new(null, TmuxPane.Live("-m rdma -t 500"), 120, 30, ("XTRACE_SYSFS_ROOT", tree.Root));
        pane.WaitFor(@"^rxe\d/1 .*Active");
    }

    private TmuxPane Start(string arguments) => new(null, TmuxPane.Live(arguments), 80, 24, ("XTRACE_SYSFS_ROOT", _tree.Root));
}
