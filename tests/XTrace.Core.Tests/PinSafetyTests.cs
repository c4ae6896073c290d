using System.Diagnostics;
using Microsoft.Win32.SafeHandles;
using XTrace.Monitors;
using XTrace.Testbed;

namespace XTrace.Tests;

/// <summary>
/// The BPF file system is everybody's to write into where nobody set it otherwise: root follows nothing that others put there, and
/// deletes nothing that is not its own. Each test has a mount namespace with a file system of its own.
/// </summary>
[Collection(MonitorStoreTests.OneAtATime)]
[Trait("Category", "Privileged")]
public sealed class PinSafetyTests : IDisposable
{
    private const string Pins = "/sys/fs/bpf/xtrace";

    private readonly VethPair _pair = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("xtrace-pins").FullName;

    public static TheoryData<string, string> Planted => new()
    {
        { $"ln -s $FOLDER {Pins}", "symbolic link" },
        { $"ln -s /nowhere {Pins}", "symbolic link" },
        { $"mkdir /sys/fs/bpf/elsewhere; ln -s elsewhere {Pins}", "symbolic link" },
        { $"mkdir -m 0700 {Pins}; chown 65534 {Pins}", "uid 65534" },
        { $"mkdir {Pins}; chmod 0770 {Pins}", "mode 0770" },
        { $"mkdir {Pins}; chmod 0707 {Pins}", "mode 0707" },
        { $"mkdir {Pins}; chmod 1777 {Pins}", "mode 1777" },
        { $"bpftool map create {Pins} type array key 4 value 4 entries 1 name x", "file" },
    };

    /// <summary>The number of a descriptor that was closed is given to the next file: whoever closes it again closes that.</summary>
    [Fact]
    public void A_lock_that_another_holds_gives_no_descriptor()
    {
        Assert.True(PinLock.TryLock(_folder, TimeSpan.Zero, out int held));
        using SafeFileHandle holder = new(held, ownsHandle: true);
        Assert.False(PinLock.TryLock(_folder, TimeSpan.Zero, out int refused));
        Assert.Equal(-1, refused);
    }

    [Theory]
    [MemberData(nameof(Planted))]
    public void What_others_could_have_planted_is_refused_and_left_alone(string plant, string described)
    {
        // What looks like monitors that died half way, which a start clears away.
        string half = Path.Combine(_folder, "4026531840", "monitor:1");
        Directory.CreateDirectory(half);
        Directory.CreateDirectory(Path.Combine(_folder, "4026531840", "eth0", "ingress"));
        foreach (string name in (string[])["meta", "flows", "7:ingress:eth0"])
        {
            File.WriteAllText(Path.Combine(half, name), "");
        }
        string list = Snapshot(_folder);
        foreach (string verb in (string[])["start", "list"])
        {
            string said = Assert.Throws<InvalidOperationException>(() => RunIn(plant, verb)).Message;
            Assert.Contains("PinFolderNotTrusted: ", said, StringComparison.Ordinal);
            Assert.Contains(described, said, StringComparison.Ordinal);
            Assert.Equal(list, Snapshot(_folder));
            Assert.Empty(_pair.Run(() => AttachedPrograms.On(_pair.Interface)));
        }
    }

    /// <summary>A link inside XTrace's own folder can only be root's work; it is not followed either.</summary>
    [Fact]
    public void A_link_among_the_pins_is_not_followed()
    {
        string half = Path.Combine(_folder, "monitor:1");
        Directory.CreateDirectory(half);
        File.WriteAllText(Path.Combine(half, "meta"), "");
        string list = Snapshot(_folder);
        string plant = $"mkdir -m 0700 {Pins} {Pins}/4026531840; ln -s $FOLDER {Pins}/4026531841; "
            + $"ln -s $FOLDER/monitor:1 {Pins}/4026531840/monitor:1";
        Assert.Equal("Running", RunIn(plant, "start"));
        Assert.Equal(list, Snapshot(_folder));
    }

    /// <summary>As after 'mount -t sysfs sysfs /sys', which shows the interfaces of a new network namespace.</summary>
    [Fact]
    public void A_BPF_file_system_that_another_mount_hides_is_none()
    {
        Assert.Equal("Running", RunIn("mount -t sysfs sysfs /sys", "start"));
        // The monitor is pinned where those who started the command see it.
        string[] command = Command("list").Split(' ');
        Assert.StartsWith($"{_pair.Interface} Running ", _pair.Run(() => XTrace.Testbed.Command.Run(command[0], command[1..])));
    }

    [Fact]
    public void Folders_are_made_for_their_owner_alone_and_nobody_else_can_hold_the_lock()
    {
        string after = $"find {Pins} -type d -printf '%m\\n' | sort -u; "
            + $"setpriv --reuid=65534 --clear-groups flock --nonblock {Pins} true 2>/dev/null && echo locked || echo denied";
        Assert.Equal(["Running", "700", "denied"], RunIn("true", "start", after).Split('\n'));
    }

    /// <summary>Another map in place of a monitor's description, with values longer than what is read of one, or shorter.</summary>
    [Theory]
    [InlineData("type array key 4 value 8192 entries 1")]
    [InlineData("type array key 4 value 4 entries 1")]
    [InlineData("type hash key 4 value 8192 entries 1")]
    [InlineData("type hash key 8 value 752 entries 1")]
    public void A_map_that_is_no_description_is_not_read_as_one(string map)
    {
        string replace = $"cd {Pins}/*/monitor:1; rm meta; bpftool map create $PWD/meta {map} name planted";
        string listed = RunIn("true", "start", $"{replace}; {Command("list")}");
        Assert.Equal(["Running", $"{_pair.Interface} Incompatible 0 0"], listed.Split('\n'));
    }

    /// <summary>An error of the kernel is no answer: a folder that cannot be looked at may be there, and be another user's.</summary>
    [Theory]
    [InlineData("statx:error=ENOMEM", Pins, "Cannot look for /sys/fs/bpf/xtrace: Cannot allocate memory")]
    [InlineData("statfs:error=ENOMEM", "/sys/fs/bpf", "Cannot look for /sys/fs/bpf: Cannot allocate memory")]
    [InlineData("mkdir:error=ENOSPC", Pins, "Cannot make the folder /sys/fs/bpf/xtrace: No space left on device")]
    [InlineData("flock:error=ENOLCK", Pins, "Cannot lock /sys/fs/bpf/xtrace: No locks available")]
    public void What_cannot_be_known_is_not_taken_for_granted(string fault, string path, string message)
    {
        string start = $"strace -f -qqq -o /dev/null -P {path} -e inject={fault} {Command("start")}";
        string said = RunIn("true", "list", $"{start} 2>&1; grep -c ' /sys/fs/bpf bpf ' /proc/self/mounts");
        Assert.Contains(message, said, StringComparison.Ordinal);
        // A second file system over the first would hide all pins.
        Assert.EndsWith($"\n{BpfMounts + 1}", said, StringComparison.Ordinal);
        Assert.Empty(_pair.Run(() => AttachedPrograms.On(_pair.Interface)));
    }

    private static int BpfMounts =>
        File.ReadLines("/proc/self/mounts").Count(line => line.Contains(" /sys/fs/bpf bpf ", StringComparison.Ordinal));

    [Fact]
    public async Task The_lock_has_a_deadline()
    {
        Assert.True(PinLock.TryLock(_folder, TimeSpan.Zero, out int held));
        Stopwatch time = Stopwatch.StartNew();
        Assert.False(PinLock.TryLock(_folder, TimeSpan.FromMilliseconds(300), out _));
        Assert.InRange(time.ElapsedMilliseconds, 300, 5000);
        Task<bool> waits = Task.Run(() => PinLock.TryLock(_folder, TimeSpan.FromSeconds(30), out _));
        await Task.Delay(100);
        Assert.False(waits.IsCompleted);
        _ = Libc.close(held);
        Assert.True(await waits);
    }

    public void Dispose()
    {
        _pair.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private static string Snapshot(string folder) => XTrace.Testbed.Command.Run("find", folder, "-printf", "%P %y %m %T@\n");

    private string Command(string verb) => $"dotnet {typeof(PinSafetyTests).Assembly.Location} {verb} {_pair.Interface} Tcx";

    /// <summary>In a mount namespace: mounts a BPF file system that is everybody's, plants something, and runs a command.</summary>
    private string RunIn(string plant, string verb, string after = "true") => _pair.Run(() => XTrace.Testbed.Command.Run(
        "unshare", "-m", "sh", "-c",
        $"FOLDER={_folder}; mount -t bpf -o mode=1777 bpffs /sys/fs/bpf && {{ {plant}; }} && {Command(verb)} && {{ {after}; }}")).Trim();
}
