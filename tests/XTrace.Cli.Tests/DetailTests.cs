using System.Text.Json;
using XTrace.Monitors;
using XTrace.Testbed;

namespace XTrace.Cli.Tests;

/// <summary>--detail: whose flows are, and how TCP fares.</summary>
[Trait("Category", "Privileged")]
public sealed class DetailTests : IDisposable
{
    private const string Needed = "+bpf,+perfmon,+net_admin";

    private readonly VethPair _pair = new();

    [Fact]
    public void A_line_goes_on_with_what_is_known()
    {
        _pair.AddAddresses();
        using Peer server = Peer.In(_pair.Namespace!, "listen", VethPair.Address, "5000");
        using CatchProcess run = new(_pair, $"-i {_pair.Interface} -t 3000 --detail --once --verbose");
        run.WaitUntilLoaded();
        using Peer client = Peer.In(_pair.PeerNamespace, "connect", VethPair.Address, "5000", "1", "5000");
        _pair.Send(Frames.Tcp4("10.1.1.1", 1000, "10.2.2.2", 2000));
        (int code, string output, string error) = run.End();
        Assert.Equal(0, code);
        string[] flows = [.. output.TrimEnd().Split('\n').Where(line => line.Contains("proto=6", StringComparison.Ordinal))];
        Assert.Equal(2, flows.Length);
        // In a suite of its own there may be no systemd, or one.
        Assert.Matches(
            @"^10\.7\.7\.2:\d+ -> 10\.7\.7\.1:5000 proto=6 packets=\d+ bytes=\d+ flags=Syn,Push,Ack dscp=0 ce=0 minframe=66 maxframe=\d+ "
            + $@"pid={server.Id} process=peer user=root( (container|unit)=\S+)* "
            + @"state=Established rtt=\d+(\.\d+)?ms( minrtt=\d+(\.\d+)?ms)? "
            + @"retrans=0 lost=0 cwnd=10( delivery_rate=\d+bps)? limit=Application$",
            Assert.Single(flows, flow => flow.StartsWith("10.7.7.2", StringComparison.Ordinal)));
        Assert.EndsWith(
            "packets=1 bytes=54 flags=Ack dscp=0 ce=0 minframe=54 maxframe=54",
            Assert.Single(flows, flow => flow.StartsWith("10.1.1.1", StringComparison.Ordinal)),
            StringComparison.Ordinal);
        Assert.Contains("xtrace-catch: 1 flow(s) have no process: no socket on this machine", error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_monitor_that_keeps_nothing_of_packets_is_named()
    {
        _pair.StartMonitor(new MonitorOptions());
        _pair.Send(Frames.Udp4("10.1.1.1", 1000, "10.2.2.2", 2000));
        using CatchProcess run = new(_pair, $"-i {_pair.Interface} -t 200 --detail --once --all --verbose");
        (int code, string output, string error) = run.End();
        Assert.Equal(0, code);
        Assert.Matches(@"(?m)^10\.1\.1\.1:1000 -> .* packets=1 bytes=42$", output);
        Assert.Contains(
            $"xtrace-catch: {_pair.Interface}: the monitor that runs there, Ingress, keeps no TCP flags, DSCP, ECN or frame sizes, "
            + "so they are null. Stop that monitor",
            error, StringComparison.Ordinal);
    }

    [Fact]
    public void JSON_has_them_as_properties()
    {
        _pair.AddAddresses();
        using Peer server = Peer.In(_pair.Namespace!, "udp", "0.0.0.0", "5353");
        using CatchProcess run = new(_pair, $"-i {_pair.Interface} -t 3000 --detail --once --json -f udp");
        run.WaitUntilNoted(2);
        using Peer asking = Peer.In(_pair.PeerNamespace, "ask", VethPair.Address, "5353", "3");
        using JsonDocument flow = JsonDocument.Parse(Assert.Single(run.End().Output.TrimEnd().Split('\n')));
        Assert.Equal(server.Id, flow.RootElement.GetProperty("ProcessId").GetInt32());
        Assert.Equal((0, 45), (flow.RootElement.GetProperty("Dscp").GetInt32(), flow.RootElement.GetProperty("MinFrameSize").GetInt32()));
        Assert.Equal("peer", flow.RootElement.GetProperty("ProcessName").GetString());
        Assert.Equal(JsonValueKind.Null, flow.RootElement.GetProperty("State").ValueKind);
    }

    /// <summary>What watching needs is enough for BPF to tell of everybody's sockets.</summary>
    [Fact]
    public void With_the_rights_to_watch_the_processes_of_all_users_are_known() => AnotherUser.Run(Needed, (under, folder) =>
    {
        Dictionary<string, string> flows = AskTwoServers(under, folder, out string error, out int own, out int other);
        Assert.Contains($" pid={own} process=peer user=nobody", flows["5353"], StringComparison.Ordinal);
        Assert.Contains($" pid={other} process=peer user=root", flows["5354"], StringComparison.Ordinal);
        Assert.DoesNotContain("have no process", error, StringComparison.Ordinal);
        Assert.DoesNotContain("are not known", error, StringComparison.Ordinal);
    });

    /// <summary>
    /// A kernel without BTF has sock_diag, which shows all sockets. Its /proc shows a user only the user's own processes.
    /// </summary>
    [Fact]
    public void Without_BPF_s_view_another_user_knows_its_own_processes_and_is_told_why() => AnotherUser.Run(Needed, (under, folder) =>
    {
        string[] masked = ["unshare", "-m", "sh", "-c", "mount -t tmpfs none /sys/kernel/btf && exec \"$@\"", "sh"];
        Dictionary<string, string> flows = AskTwoServers([.. masked, .. under], folder, out string error, out int own, out _);
        Assert.Contains($" pid={own} process=peer user=nobody", flows["5353"], StringComparison.Ordinal);
        Assert.DoesNotContain("pid=", flows["5354"], StringComparison.Ordinal);
        Assert.Contains("xtrace-catch: This kernel has no BTF, so sockets are read through sock_diag", error, StringComparison.Ordinal);
        Assert.Matches(@"xtrace-catch: The sockets of \d+ process\(es\) are not known: .+ CAP_SYS_PTRACE\.", error);
        Assert.Contains(
            "xtrace-catch: 1 flow(s) have no process: no process that XTrace can see holds their socket",
            error, StringComparison.Ordinal);
    });

    [Fact]
    public void Counters_have_no_processes()
    {
        using CatchProcess run = new(null, "-m rdma --detail");
        (int code, _, string error) = run.End();
        Assert.Equal(2, code);
        Assert.StartsWith("xtrace-catch: Mode rdma has no flows: leave out --detail.", error, StringComparison.Ordinal);
    }

    public void Dispose() => _pair.Dispose();

    /// <summary>Asks a server of the user "nobody" at port 5353 and one of root's at 5354: the flows that arrived, by port.</summary>
    private Dictionary<string, string> AskTwoServers(string[] under, string folder, out string error, out int own, out int other)
    {
        _pair.AddAddresses();
        string[] nobody = ["nsenter", $"--net=/run/netns/{_pair.Namespace}", "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
        using Peer first = Peer.Through(nobody, "udp", "0.0.0.0", "5353");
        using Peer second = Peer.In(_pair.Namespace!, "udp", "0.0.0.0", "5354");
        (own, other) = (first.Id, second.Id);
        using CatchProcess run = new(under, folder, _pair, $"-i {_pair.Interface} -t 1000 --detail --once --verbose");
        run.WaitUntilLoaded();
        _pair.Send(Frames.Udp4(VethPair.PeerAddress, 999, VethPair.Address, 5353));
        _pair.Send(Frames.Udp4(VethPair.PeerAddress, 999, VethPair.Address, 5354));
        (int code, string output, error) = run.End();
        Assert.Equal(0, code);
        return output.Split('\n').Where(line => line.StartsWith($"{VethPair.PeerAddress}:999 -> ", StringComparison.Ordinal))
            .ToDictionary(line => line.Split(' ')[2].Split(':')[1]);
    }
}
