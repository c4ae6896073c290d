using XTrace.Processes;
using XTrace.Testbed;

namespace XTrace.Tests;

/// <summary>Control groups as the runtimes name them, in both versions, and a process that is in one.</summary>
public sealed class ContainerTests
{
    private const string Id = "4f5e0c1d2b3a49586776859493a2b1c0d1e2f30415263748596a7b8c9dae0fb1";
    private const string Pod = "kubepods-besteffort-pod0a1b2c3d_0a1b_2c3d_4e5f_0a1b2c3d4e5f.slice";

    [Theory]
    [InlineData("/system.slice/docker-" + Id + ".scope", Id, "docker", null)]
    [InlineData("/docker/" + Id, Id, "docker", null)]
    [InlineData("/docker/" + Id + "/init.scope", Id, "docker", null)]
    [InlineData("/kubepods.slice/kubepods-besteffort.slice/" + Pod + "/cri-containerd-" + Id + ".scope", Id, "containerd", null)]
    [InlineData("/system.slice/containerd.service/kubepods-pod1.slice:cri-containerd:" + Id, Id, "containerd", null)]
    [InlineData("/kubepods/besteffort/pod0a1b2c3d-0a1b-2c3d-4e5f-0a1b2c3d4e5f/" + Id, Id, null, null)]
    [InlineData("/kubepods.slice/kubepods-burstable.slice/" + Pod + "/crio-" + Id + ".scope", Id, "cri-o", null)]
    [InlineData("/kubepods.slice/" + Pod + "/crio-" + Id + ".scope/container", Id, "cri-o", null)]
    [InlineData("/kubepods.slice/" + Pod + "/crio-conmon-" + Id + ".scope", null, null, "crio-conmon-" + Id + ".scope")]
    [InlineData("/machine.slice/libpod-" + Id + ".scope/container", Id, "podman", null)]
    [InlineData("/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" + Id + ".scope", Id, "podman", null)]
    [InlineData("/libpod_parent/libpod-" + Id, Id, "podman", null)]
    [InlineData("/system.slice/nerdctl-" + Id + ".scope", Id, "containerd", null)]
    [InlineData("/lxc.payload.web/system.slice/nginx.service", "web", "lxc", null)]
    [InlineData("/lxc/web", "web", "lxc", null)]
    [InlineData(@"/machine.slice/machine-my\x2dbox.scope/payload", "my-box", "systemd-nspawn", null)]
    [InlineData("/system.slice/nginx.service", null, null, "nginx.service")]
    [InlineData("/system.slice/system-getty.slice/getty@tty1.service", null, null, "getty@tty1.service")]
    [InlineData("/user.slice/user-1000.slice/session-3.scope", null, null, "session-3.scope")]
    [InlineData("/user.slice/user-1000.slice/user@1000.service/app.slice/app-foo.service", null, null, "app-foo.service")]
    [InlineData("/", null, null, null)]
    [InlineData("/../../docker", null, null, null)]
    public void A_path_tells_container_runtime_or_unit(string path, string? id, string? runtime, string? unit) =>
        Assert.Equal(new Container(id, runtime, unit), Container.ParsePath(path));

    [Fact]
    public void Of_several_hierarchies_the_one_that_knows_a_container_counts()
    {
        Assert.Equal(
            new Container(Id, "docker", null),
            Container.Parse(["12:pids:/", $"4:memory:/docker/{Id}", "1:name=systemd:/system.slice/docker.service", "0::/"]));
        Assert.Equal(
            new Container(null, null, "ssh.service"),
            Container.Parse(["12:pids:/", "1:name=systemd:/system.slice/ssh.service", "0::/system.slice/ssh.service"]));
        Assert.Equal(Container.None, Container.Parse(["0::/"]));
        Assert.Equal(Container.None, Container.Parse(["not a line"]));
    }

    /// <summary>
    /// The process runs in a group with a name like Docker's. A process that is gone is found by its group's id, for which version 2
    /// of control groups must be mounted.
    /// </summary>
    [Theory]
    [InlineData("/sys/fs/cgroup/memory", "docker/" + Id, "docker", false)]
    [InlineData("/sys/fs/cgroup/unified", "machine.slice/libpod-" + Id + ".scope", "podman", true)]
    [InlineData("/sys/fs/cgroup", "machine.slice/libpod-" + Id + ".scope", "podman", true)]
    [Trait("Category", "Privileged")]
    public void A_process_in_a_group_is_found_alive_and_gone(string root, string group, string runtime, bool isVersion2)
    {
        if (!File.Exists($"{root}/cgroup.procs"))
        {
            return; // Machines have one or the other: the rows differ.
        }
        string top = $"{root}/xtrace-{Environment.ProcessId}";
        string folder = $"{top}/{group}";
        Directory.CreateDirectory(folder);
        string processes = $"{folder}/cgroup.procs";
        Assert.True(File.Exists(processes));
        try
        {
            SocketRow row = default;
            using (Peer peer = Peer.Through(["sh", "-c", $"echo $$ > {processes} && exec \"$@\"", "sh"], "listen", "127.0.0.1", "0"))
            {
                using SocketProgram program = new(recordEnds: false);
                SocketTable table = new();
                program.Read(table);
                row = table.Rows.ToArray().Single(socket => socket.Owner.Pid == peer.Id);
                Assert.Equal(new Container(Id, runtime, null), new ProcessBook().ContainerOf(in row.Owner, isGone: false));
            }
            Container gone = new ProcessBook().ContainerOf(in row.Owner, isGone: true);
            Assert.Equal(isVersion2 ? new Container(Id, runtime, null) : Container.None, gone);
        }
        finally
        {
            Assert.True(SpinWait.SpinUntil(
                () => new FileInfo(processes).Exists && File.ReadAllText(processes).Length == 0, 5000));
            Directory.Delete(folder);
            Directory.Delete(Path.GetDirectoryName(folder)!);
            Directory.Delete(top);
        }
    }
}
