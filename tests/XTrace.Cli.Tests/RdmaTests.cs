using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace XTrace.Cli.Tests;

/// <summary>Modes rdma and nccl on trees laid out as sysfs.</summary>
public sealed partial class RdmaTests : IDisposable
{
    /// <summary>What <see cref="AddThree"/> adds, as a message lists it.</summary>
    private const string Three = "mlx5_0 (eth0 eth0.100), mlx5_1 (eth1 eth1.100), mlx5_2 (eth2 eth2.100)";

    private readonly SysfsTree _tree = new();

    public void Dispose() => _tree.Dispose();

    [Theory]
    [InlineData("C", """
        Monitoring RDMA, all devices: mlx5_0 (-d chooses, Ctrl+C to stop)
        === RDMA ===
        Device: mlx5_0/1
        Interface: eth0, eth0.100
        Running: T s

        State:
          Port state: Active (LinkUp)
          Active width: 4X
          Active speed: 100 Gb/sec EDR

        Sent:
          Bytes: 4000
          Packets: 20
          Errors: 0

        Received:
          Bytes: 8000
          Packets: 65536
          Errors: 65535 (saturated)

        Since the last sample:
          Sent: 0 bytes, 0 packets
          Received: 0 bytes, 0 packets
          Bandwidth: sent 0 bit/s, received 0 bit/s
        ---
        """)]
    [InlineData("zh_CN.UTF-8", """
        开始 RDMA 监控全部设备: mlx5_0 (用 -d 选择, 按 Ctrl+C 退出)
        === RDMA 监控统计 ===
        设备: mlx5_0/1
        接口: eth0, eth0.100
        运行时间: T 秒

        设备状态:
          端口状态: Active (LinkUp)
          活动宽度: 4X
          活动速度: 100 Gb/sec EDR

        发送统计:
          字节数: 4000
          数据包: 20
          错误数: 0

        接收统计:
          字节数: 8000
          数据包: 65536
          错误数: 65535 (已饱和)

        增量统计:
          发送: 0 字节, 0 数据包
          接收: 0 字节, 0 数据包
          带宽: 发送 0 bit/s, 接收 0 bit/s
        ---
        """)]
    public void Rdma_prints_a_block_for_the_port(string locale, string expected)
    {
        AddMlx5("mlx5_0");
        using CatchProcess run = Start("-m rdma -t 100", ("LANG", locale));
        Assert.Equal(expected.Split('\n'), ReadBlock(run).Select(line => Time().Replace(line, "T")));
        run.Signal("INT");
        Assert.Equal(0, run.End().ExitCode);
    }

    [Fact]
    public void Increments_and_bandwidth_are_of_the_last_interval()
    {
        string port = AddMlx5("mlx5_0");
        using CatchProcess run = Start("-m rdma -d mlx5_0 -t 1000");
        List<string> first = ReadBlock(run);
        _tree.Write($"{port}/counters/port_xmit_data", "26000");
        _tree.Write($"{port}/counters/port_rcv_packets", "65636");
        List<string> block = ReadBlock(run);
        Assert.Contains("  Sent: 100000 bytes, 0 packets", block);
        Assert.Contains("  Received: 0 bytes, 100 packets", block);
        string bandwidth = block.Single(line => line.StartsWith("  Bandwidth: ", StringComparison.Ordinal));
        Match match = Regex.Match(bandwidth, @"^  Bandwidth: sent ([\d.]+) kbit/s, received 0 bit/s$");
        AssertRate(800, double.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture), first, block);
    }

    [Theory]
    [InlineData("C", "  Bytes: - (the driver does not count them)", "  Packets: 7", "  Errors: 0")]
    [InlineData("zh_CN.UTF-8", "  字节数: - (驱动不统计)", "  数据包: 7", "  错误数: 0")]
    public void What_the_driver_does_not_count_is_said(string locale, params string[] sent)
    {
        string device = _tree.AddSoftwareDevice("rxe0");
        _tree.Write($"{device}/parent", "eth0");
        string port = _tree.AddPort(device);
        _tree.Write($"{port}/hw_counters/sent_pkts", "7");
        _tree.Write($"{port}/hw_counters/send_err", "0");
        using CatchProcess run = Start("-m rdma -t 100", ("LANG", locale));
        List<string> block = ReadBlock(run);
        int start = block.FindIndex(line => line is "Sent:" or "发送统计:");
        Assert.Equal(sent, block[(start + 1)..(start + 4)]);
    }

    [Theory]
    [InlineData("a_driver_of_tomorrow", "sent_pkts")]
    [InlineData("mlx5_core", "a_counter_of_tomorrow")]
    public void Where_something_is_not_known_nothing_is_claimed_of_the_driver(string driver, string counter)
    {
        _tree.Write($"{_tree.AddPort(_tree.AddDevice("rdma0", driver))}/hw_counters/{counter}", "7");
        using CatchProcess run = Start("-m rdma -t 100", ("LANG", "C"));
        Assert.Equal(2, ReadBlock(run).Count(line => line == "  Bytes: -"));
    }

    [Fact]
    public void What_a_driver_of_today_counts_is_its_totals()
    {
        string port = _tree.AddPort(_tree.AddDevice("ionic_0", "ionic"));
        _tree.AddCounters($"{port}/hw_counters", ["tx_rdma_ucast_bytes", "tx_rdma_mcast_bytes"], "1000");
        _tree.Write($"{port}/hw_counters/rx_rdma_ucast_bytes", $"{ulong.MaxValue}");
        using CatchProcess run = Start("-m RDMA -t 100", ("LANG", "C"));
        List<string> block = ReadBlock(run);
        Assert.Equal(["  Bytes: 2000", "  Bytes: -"], block.Where(line => line.StartsWith("  Bytes: ", StringComparison.Ordinal)));
        Assert.Equal(2, block.Count(line => line == "  Packets: - (the driver does not count them)"));
    }

    [Fact]
    public void A_port_that_appears_has_blocks_from_then_on_and_its_end_is_told()
    {
        string device = _tree.AddDevice("mlx5_0", "mlx5_core");
        _tree.Write($"{_tree.AddPort(device)}/counters/port_xmit_data", "1");
        using CatchProcess run = Start("-m rdma -t 200", ("LANG", "C"));
        Assert.Equal("Device: mlx5_0/1", ReadBlock(run)[2]);
        _tree.Write($"{_tree.AddPort(device, 2)}/counters/port_xmit_data", "2");
        ReadUntil(run, "Device: mlx5_0/2");
        Directory.Delete(_tree.PathOf($"{device}/ports/2"), recursive: true);
        Thread.Sleep(600);
        run.Signal("INT");
        (int code, _, string error) = run.End();
        Assert.Equal(0, code);
        Assert.Matches("(?s)RDMA port mlx5_0/2 has appeared.*RDMA port mlx5_0/2 has disappeared", error);
    }

    [Fact]
    public void Mode_rdma_reads_each_counter_of_a_total_once_a_sample_and_nothing_else_of_the_counters()
    {
        string port = AddMlx5("mlx5_0");
        _tree.AddCounters($"{port}/hw_counters", ["packet_seq_err", "np_cnp_sent"], "10");
        string log = Path.Combine(Path.GetTempPath(), $"xtrace-catch-strace-{Environment.ProcessId}");
        try
        {
            using (CatchProcess run = new(
                ["strace", "-f", "-qq", "-y", "-o", log, "-e", "trace=pread64,openat,open"],
                CatchProcess.Folder, null, "-m rdma -t 100 --once", ("XTRACE_SYSFS_ROOT", _tree.Root)))
            {
                Assert.Equal(0, run.End().ExitCode);
            }
            string[] lines = File.ReadAllLines(log);
            int Count(string call, string file) => lines.Count(
                line => line.Contains(call, StringComparison.Ordinal) && line.Contains(file, StringComparison.Ordinal));
            Assert.Equal((2, 2), (Count("pread64(", "/counters/port_xmit_data>"), Count("pread64(", "/counters/port_rcv_errors>")));
            Assert.Equal((0, 0), (Count("open", "/hw_counters/packet_seq_err\""), Count("open", "/gids/0\"") - 1));
        }
        finally
        {
            File.Delete(log);
        }
    }

    [Fact]
    public void A_counter_that_cannot_be_read_is_counted_all_the_same()
    {
        string port = _tree.AddPort(_tree.AddDevice("mlx5_0", "mlx5_core"));
        _tree.Write($"{port}/counters/port_xmit_data", "N/A (no PMA)");
        using CatchProcess run = Start("-m rdma -t 100", ("LANG", "C"));
        Assert.Contains("  Bytes: -", ReadBlock(run));
    }

    [Fact]
    public void Nccl_groups_all_counters_and_marks_what_rose()
    {
        string port = AddMlx5("mlx5_0");
        _tree.AddCounters(
            $"{port}/hw_counters",
            ["packet_seq_err", "np_cnp_sent", "rx_write_requests", "resp_cqe_error", "something_new", "lifespan"],
            "10");
        _tree.Fail($"{port}/hw_counters/rp_cnp_handled", 22);
        using CatchProcess run = Start("-m nccl -t 1000");
        List<string> before = ReadBlock(run);
        Assert.Equal("Monitoring NCCL RDMA, all devices: mlx5_0 (-d chooses, Ctrl+C to stop)", before[0]);
        _tree.Write($"{port}/hw_counters/packet_seq_err", "13");
        _tree.Write($"{port}/hw_counters/np_cnp_sent", "2");
        string[] block = [.. ReadBlock(run)];
        Assert.Equal(
            ["=== NCCL RDMA ===", "Device: mlx5_0/1", "Interface: eth0, eth0.100", "Port state: Active (LinkUp), 100 Gb/sec (4X EDR)"],
            block[..4]);
        Assert.Equal(
            ["Traffic:", "Loss and retransmission:", "Congestion:", "Errors:", "Other:"],
            block.Where(line => line.EndsWith(':')));
        Assert.Equal(
            ["* packet_seq_err"],
            block.Where(line => line.StartsWith('*'))
                .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
                .Select(words => $"{words[0]} {words[1]}"));
        Match rose = Regex.Match(Line("packet_seq_err"), @"^\* packet_seq_err +13 +\+3 +([\d.]+) /s$");
        AssertRate(3, double.Parse(rose.Groups[1].Value, CultureInfo.InvariantCulture), before, block);
        Assert.Matches("^  np_cnp_sent +2 +Reset$", Line("np_cnp_sent"));
        Assert.Matches("^  rp_cnp_handled +Failed$", Line("rp_cnp_handled"));
        Assert.Matches(@"^  something_new +10 +\+0 +0 /s$", Line("something_new"));
        Assert.Matches(@"^  counters/port_xmit_data +4000 +\+0 +0 bit/s$", Line("counters/port_xmit_data"));
        Assert.Equal("Other:", block[Array.IndexOf(block, Line("something_new")) - 1]);
        Assert.DoesNotContain(block, line => line.Contains("lifespan", StringComparison.Ordinal));

        string Line(string name) => block.Single(line => line.Length > 2 && line[2..].StartsWith($"{name} ", StringComparison.Ordinal));
    }

    [Fact]
    public void Nccl_shows_the_counters_of_the_device_as_a_whole_first()
    {
        string device = _tree.AddDevice("mana_0", "mana");
        _tree.AddCounters($"{device}/hw_counters", ["sent_cnps"], "5");
        _tree.AddCounters($"{_tree.AddPort(device)}/hw_counters", ["tx_bytes"], "6");
        using CatchProcess run = Start("-m nccl -t 100");
        string[] first = [.. ReadBlock(run)], second = [.. ReadBlock(run)];
        Assert.Equal("Device: mana_0", first[2]);
        Assert.Contains(first, line => line.Contains("sent_cnps", StringComparison.Ordinal));
        Assert.Equal(["Device: mana_0/1", "Interface: -"], second[1..3]);
    }

    [Theory]
    [InlineData("-d mlx5_2", "", "mlx5_2")]
    [InlineData("-d mlx5_2,mlx5_1", "", "mlx5_1, mlx5_2")]
    [InlineData("-d mlx5_2 -d mlx5_1", "", "mlx5_1, mlx5_2")]
    [InlineData("-d mlx5_*", "", "mlx5_0, mlx5_1, mlx5_2")]
    [InlineData("-d mlx5_[1-7]", "", "mlx5_1, mlx5_2")]
    [InlineData("-d mlx5_1:1", "", "mlx5_1")]
    [InlineData("-d =mlx5_1", "", "mlx5_1")]
    [InlineData("-d ^mlx5_1", "", "mlx5_0, mlx5_2")]
    [InlineData("-d ^mlx5_1,mlx5_0", "", "mlx5_2")]
    [InlineData("-d ^=mlx5_0", "", "mlx5_1, mlx5_2")]
    [InlineData("-d ^mlx5_0:1", "", "mlx5_1, mlx5_2")]
    [InlineData("-i eth2", "", "mlx5_2")]
    [InlineData("-i eth1,eth2.100", "", "mlx5_1, mlx5_2")]
    [InlineData("-d mlx5_1 -i eth1", "", "mlx5_1")]
    [InlineData("", "mlx5_2", "mlx5_2")]
    [InlineData("", "mlx5", "mlx5_0, mlx5_1, mlx5_2")]
    [InlineData("", "=mlx5_1:1,mlx5_2", "mlx5_1, mlx5_2")]
    [InlineData("", "^mlx5_0,mlx5_1", "mlx5_2")]
    [InlineData("-d mlx5_1", "mlx5_2", "mlx5_1")]
    [InlineData("-i eth1", "mlx5_2", "mlx5_1")]
    public void The_devices_are_the_option_s_else_the_interface_s_else_NCCL_s(string arguments, string variable, string watched)
    {
        AddThree();
        using CatchProcess run = Start($"-m rdma {arguments}", ("NCCL_IB_HCA", variable));
        Assert.Equal($"Monitoring RDMA: {watched} (Ctrl+C to stop)", run.ReadLine());
    }

    [Theory]
    [InlineData("rdma", "RDMA")]
    [InlineData("nccl", "NCCL RDMA")]
    public void Without_a_choice_all_devices_are_watched_and_that_is_said(string mode, string title)
    {
        AddThree();
        using CatchProcess run = Start($"-m {mode}", ("NCCL_IB_HCA", ""), ("NETWORK_INTERFACE", "eth2"));
        Assert.Equal($"Monitoring {title}, all devices: mlx5_0, mlx5_1, mlx5_2 (-d chooses, Ctrl+C to stop)", run.ReadLine());
    }

    [Theory]
    [InlineData("-d mlx5_0:2", "Device: mlx5_0/2")]
    [InlineData("-d ^mlx5_0:1", "Device: mlx5_0/2")]
    public void A_port_is_chosen_or_left_out_behind_a_colon(string arguments, string shown)
    {
        string device = _tree.AddDevice("mlx5_0", "mlx5_core");
        _tree.AddPort(device);
        _tree.AddPort(device, 2);
        using CatchProcess run = Start($"-m rdma {arguments} -t 100");
        Assert.Equal(shown, ReadBlock(run)[2]);
        Assert.Equal(shown, ReadBlock(run)[1]);
    }

    [Fact]
    public void A_device_that_appears_is_left_out_if_it_is_among_the_excluded()
    {
        AddMlx5("mlx5_0");
        using CatchProcess run = Start("-m rdma -d ^mlx5_1 -t 200");
        ReadBlock(run);
        AddMlx5("mlx5_1", 1);
        AddMlx5("mlx5_2", 2);
        ReadUntil(run, "Device: mlx5_2/1");
        string[] devices =
        [
            .. Enumerable.Range(0, 4)
                .Select(_ => ReadBlock(run).Find(line => line.StartsWith("Device: ", StringComparison.Ordinal))!),
        ];
        Assert.DoesNotContain("Device: mlx5_1/1", devices);
    }

    [Theory]
    [InlineData("rdma")]
    [InlineData("nccl")]
    public void Changed_shows_only_ports_and_counters_that_moved(string mode)
    {
        string quiet = AddMlx5("mlx5_0"), busy = AddMlx5("mlx5_1", 1);
        using CatchProcess run = Start($"-m {mode} --changed -t 500", ("NCCL_IB_HCA", ""));
        run.ReadLine();
        _tree.Write($"{busy}/counters/port_xmit_packets", "30");
        List<string> first = ReadBlock(run);
        Assert.Contains("Device: mlx5_1/1", first);
        if (mode == "nccl")
        {
            Assert.Matches(
                @"^\* counters/port_xmit_packets +30 +\+10 ",
                Assert.Single(first, line => line.Contains("counters/", StringComparison.Ordinal)));
        }
        _tree.Write($"{quiet}/counters/port_xmit_packets", "31");
        Assert.Contains("Device: mlx5_0/1", ReadBlock(run));
    }

    [Fact]
    public void Changed_holds_for_JSON_as_well()
    {
        string port = AddMlx5("mlx5_0");
        using CatchProcess run = Start("-m nccl --json --changed -t 500");
        _tree.Write($"{port}/counters/port_xmit_packets", "20");
        Thread.Sleep(700);
        _tree.Write($"{port}/counters/port_xmit_packets", "25");
        JsonElement counter = JsonDocument.Parse(run.ReadLine()).RootElement;
        Assert.Equal(("port_xmit_packets", 5), (counter.GetProperty("Name").GetString(), counter.GetProperty("Delta").GetInt32()));
    }

    [Fact]
    public void The_only_device_there_is_is_all_devices()
    {
        AddMlx5("rocep59s0");
        using CatchProcess run = Start("-m nccl", ("NCCL_IB_HCA", ""));
        Assert.Equal("Monitoring NCCL RDMA, all devices: rocep59s0 (-d chooses, Ctrl+C to stop)", run.ReadLine());
    }

    [Theory]
    [InlineData("-d mlx5_7", "C", "There is no RDMA device 'mlx5_7'. There are: mlx5_0, mlx5_1, mlx5_2.")]
    [InlineData("-d mlx5_0,mlx5_7", "C", "There is no RDMA device 'mlx5_7'. There are: mlx5_0, mlx5_1, mlx5_2.")]
    [InlineData("-d mlx5_7", "zh_CN.UTF-8", "没有 RDMA 设备 'mlx5_7'。现有设备：mlx5_0, mlx5_1, mlx5_2。")]
    [InlineData("-i eth7", "C", "No selected RDMA device uses network interface 'eth7'. There are: " + Three + ".")]
    [InlineData("-i eth7", "zh_CN.UTF-8", "所选的 RDMA 设备都不使用网络接口 'eth7'。现有：" + Three + "。")]
    [InlineData("-d mlx5_0 -i eth1", "C", "No selected RDMA device uses network interface 'eth1'. There are: " + Three + ".")]
    public void What_is_not_there_is_an_error_that_lists_what_is(string arguments, string locale, string message)
    {
        AddThree();
        using CatchProcess run = Start($"-m rdma {arguments}", ("LANG", locale));
        Assert.Equal((1, "", $"xtrace-catch: {message}\n"), run.End());
    }

    [Theory]
    [InlineData(
        "C",
        "There is no RDMA device: the kernel has none, or its driver is not loaded. Load it, for example with 'modprobe mlx5_ib'.")]
    [InlineData("zh_CN.UTF-8", "没有 RDMA 设备：内核没有 RDMA 设备，或驱动没有加载。请加载驱动，例如 'modprobe mlx5_ib'。")]
    public void A_machine_without_RDMA_is_said_to_be_one(string locale, string message)
    {
        using CatchProcess run = Start("-m rdma", ("LANG", locale));
        Assert.Equal((1, "", $"xtrace-catch: {message}\n"), run.End());
    }

    [Fact]
    public void With_two_ports_the_interface_chooses_one()
    {
        string device = _tree.AddDevice("mlx5_0", "mlx5_core");
        foreach (int number in new[] { 1, 2 })
        {
            _tree.AddGid(_tree.AddPort(device, number), 0, "fe80:0000:0000:0000:0000:0000:0000:0001", $"eth{number}");
        }
        using CatchProcess run = Start("-m rdma -i eth2 -t 100");
        Assert.Equal("Device: mlx5_0/2", ReadBlock(run)[2]);
        Assert.Equal("Device: mlx5_0/2", ReadBlock(run)[1]);
    }

    [Fact]
    public void It_ends_when_the_device_disappears()
    {
        AddMlx5("mlx5_0");
        using CatchProcess run = Start("-m rdma -t 100");
        ReadBlock(run);
        Directory.Delete(_tree.PathOf("class/infiniband"), recursive: true);
        (int code, _, string error) = run.End();
        const string Gone = "xtrace-catch: There is no RDMA device 'mlx5_0'. There are none: load the device's driver, "
            + "or let XTRACE_SYSFS_ROOT name the host's sysfs.\n";
        Assert.Equal((1, Gone), (code, error));
    }

    [Fact]
    public void List_shows_ports_with_their_interfaces()
    {
        AddMlx5("mlx5_0");
        using CatchProcess run = Start("-l");
        (int code, string output, _) = run.End();
        Assert.Equal(0, code);
        Assert.EndsWith("\nRDMA mlx5_0/1        Active   100 Gb/sec (4X EDR)    eth0 eth0.100\n", output, StringComparison.Ordinal);
    }

    [Fact]
    public void List_as_JSON_has_an_object_a_line_and_nothing_else()
    {
        AddMlx5("mlx5_0");
        using CatchProcess run = Start("-l --json", ("LANG", "C"));
        (int code, string output, string error) = run.End();
        Assert.Equal((0, ""), (code, error));
        JsonElement[] lines =
            [.. output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)];
        JsonElement loopback = lines.Single(line => line.TryGetProperty("InterfaceAlias", out JsonElement name) && $"{name}" == "lo");
        Assert.Equal(1, loopback.GetProperty("InterfaceIndex").GetInt32());
        JsonElement port = lines.Single(line => line.TryGetProperty("Device", out _));
        Assert.Equal(
            ("mlx5_0", 1, "Active"),
            (port.GetProperty("Device").GetString(), port.GetProperty("Port").GetInt32(), port.GetProperty("State").GetString()));
        Assert.Equal(
            ["eth0", "eth0.100"],
            port.GetProperty("Interfaces").EnumerateArray().Select(netdev => netdev.GetProperty("InterfaceAlias").GetString()));
    }

    [Theory]
    [Trait("Category", "Privileged")]
    [InlineData("rdma")]
    [InlineData("nccl")]
    public void An_ordinary_user_may_use_both(string mode)
    {
        AddMlx5("mlx5_0");
        AnotherUser.Run(capabilities: "", (under, folder) =>
        {
            using CatchProcess run = new(under, folder, null, $"-m {mode} -t 100", ("XTRACE_SYSFS_ROOT", _tree.Root));
            Assert.Contains(ReadBlock(run), line => line == "Device: mlx5_0/1");
            run.Signal("TERM");
            Assert.Equal(0, run.End().ExitCode);
        });
    }

    private void AddThree()
    {
        for (int i = 0; i < 3; i++)
        {
            AddMlx5($"mlx5_{i}", i);
        }
    }

    /// <returns>The port's folder.</returns>
    private string AddMlx5(string name, int function = 0)
    {
        string port = _tree.AddPort(_tree.AddDevice(name, "mlx5_core", $"0000:3b:00.{function}"));
        _tree.AddGid(port, 0, "fe80:0000:0000:0000:0000:0000:0000:0001", $"eth{function}");
        _tree.AddGid(port, 1, "0000:0000:0000:0000:0000:ffff:0a00:0001", $"eth{function}.100");
        _tree.Write($"{port}/counters/port_xmit_data", "1000");
        _tree.Write($"{port}/counters/port_xmit_packets", "20");
        _tree.Write($"{port}/counters/port_xmit_discards", "0");
        _tree.Write($"{port}/counters/port_rcv_data", "2000");
        _tree.Write($"{port}/counters/port_rcv_packets", "65536");
        _tree.Write($"{port}/counters/port_rcv_errors", "65535");
        return port;
    }

    private CatchProcess Start(string arguments, params (string, string)[] environment) =>
        new(null, arguments, [("XTRACE_SYSFS_ROOT", _tree.Root), .. environment]);

    /// <summary>The rate is the increment over the time between two blocks, as they say it.</summary>
    private static void AssertRate(double increment, double rate, IEnumerable<string> before, IEnumerable<string> after)
    {
        double seconds = Running(after) - Running(before);
        Assert.Equal(increment, rate * seconds, tolerance: increment * 0.2);

        static double Running(IEnumerable<string> block)
        {
            Match running = block.Select(line => Regex.Match(line, @"^Running: ([\d.]+) s$")).First(match => match.Success);
            return double.Parse(running.Groups[1].Value, CultureInfo.InvariantCulture);
        }
    }

    private static List<string> ReadBlock(CatchProcess run)
    {
        List<string> lines = [];
        do
        {
            lines.Add(run.ReadLine());
        }
        while (lines[^1] != "---");
        return lines;
    }

    private static void ReadUntil(CatchProcess run, string line)
    {
        while (run.ReadLine() != line)
        {
        }
    }

    [GeneratedRegex(@"\d+\.\d\d(?= (s|秒)$)")]
    private static partial Regex Time();
}
