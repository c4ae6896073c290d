using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.RegularExpressions;
using XTrace.Bpf;
using XTrace.Flows;
using XTrace.Live;
using XTrace.Net;
using XTrace.Processes;
using XTrace.Rdma;
using XTrace.Testbed;

namespace XTrace.Tests;

/// <summary>Has the C compiler of each machine compare its headers with what C# has.</summary>
public sealed class AbiTests
{
    private static readonly (Type Type, string C, string[] Fields)[] s_structs =
    [
        (typeof(FlowKey), "struct flow_key", ["source", "source[1]", "destination", "destination[1]", "ports", "protocol", "kind", "vlan"]),
        (typeof(Flow), "struct flow", ["key", "point", "last_seen", "packets", "bytes"]),
        (typeof(FlowDetails), "struct flow_details",
        [
            "first_seen", "tcp_flags", "traffic_class", "unused", "ce_packets", "smallest_frame", "largest_frame",
        ]),
        (typeof(FlowEnd), "struct flow_end", ["flow", "details"]),
        (typeof(FlowBucket), "struct flow_bucket", ["entry"]),
        (typeof(ObservationPoint), "struct observation_point",
        [
            "key", "id", "totals", "hook", "started_ns", "name", "queue_drops", "flags", "suspended_ms", "unused",
        ]),
        (typeof(FlowTotals), "struct flow_totals",
        [
            "packets", "bytes", "filtered_packets", "filtered_bytes", "malformed_packets", "malformed_bytes",
            "evicted_packets", "evicted_bytes", "reported_packets", "reported_bytes", "key", "point", "link",
        ]),
        (typeof(CpuState), "struct cpu_state", ["used", "hand", "forget", "padding", "seen", "unused"]),
        (typeof(MonitorControl), "struct monitor_control", ["read_until", "is_read"]),
        (typeof(FilterNetwork), "struct filter_network", ["address", "address[1]", "mask", "mask[1]", "kind"]),
        (typeof(KernelFilter), "struct flow_filter",
            ["protocols", "network", "port", "traffic_types", "networks", "ports", "exclude_dns", "is_set"]),
        (typeof(ProgramConfig), "struct program_config",
            ["hash_seed", "buckets", "points", "strays", "owner", "owner_started", "owner_namespace", "filter"]),
        (typeof(MonitorMeta), "struct monitor_meta",
        [
            "abi_version", "cpus", "buckets", "points", "max_flow", "tick_ns", "end_bytes", "features", "started_ns", "filter",
        ]),
        (typeof(ClockReading), "struct clock_reading", ["jiffies", "boot_ns", "monotonic_ns"]),
        (typeof(SocketId), "struct socket_id", ["local", "local[1]", "remote", "remote[1]", "local_port", "remote_port", "net"]),
        (typeof(SocketOwner), "struct socket_owner", ["cgroup", "pid", "uid", "name"]),
        (typeof(SocketRow), "struct socket_row",
        [
            "id", "owner", "delivery_rate", "protocol", "state", "flags", "unused", "rtt_us", "min_rtt_us", "retransmitted", "lost",
            "window", "busy", "receiver_limited", "buffer_limited", "now",
        ]),
        (typeof(SocketProgramReader), "struct socket_reader", ["pid_namespace", "pid_level", "host_net"]),
        (typeof(InetDiagId), "struct inet_diag_sockid",
        [
            "idiag_sport", "idiag_dport", "idiag_src", "idiag_dst", "idiag_if", "idiag_cookie",
        ]),
        (typeof(InetDiagRequest), "struct inet_diag_req_v2", ["sdiag_family", "sdiag_protocol", "idiag_ext", "pad", "idiag_states", "id"]),
        (typeof(InetDiagMessage), "struct inet_diag_msg",
        [
            "idiag_family", "idiag_state", "idiag_timer", "idiag_retrans", "id", "idiag_expires", "idiag_rqueue", "idiag_wqueue",
            "idiag_uid", "idiag_inode",
        ]),
        // C tells no offset of a bit field: the last of the fields.
        (typeof(TcpInfo), "struct tcp_info",
        [
            "tcpi_lost", "tcpi_rtt", "tcpi_snd_cwnd", "tcpi_total_retrans", "tcpi_min_rtt", "tcpi_delivery_rate", "tcpi_busy_time",
            "tcpi_rwnd_limited", "tcpi_sndbuf_limited",
        ]),
        (typeof(LibBpf.TestRunOptions), "struct bpf_test_run_opts",
        [
            "sz", "data_in", "data_out", "data_size_in", "data_size_out", "ctx_in", "ctx_out", "ctx_size_in", "ctx_size_out",
            "retval", "repeat", "duration", "flags", "cpu", "batch_size",
        ]),
        (typeof(LibBpf.XdpQueryOptions), "struct bpf_xdp_query_opts",
            ["sz", "prog_id", "drv_prog_id", "hw_prog_id", "skb_prog_id", "attach_mode"]),
        (typeof(SkbContext), "struct __sk_buff", ["gso_segs", "gso_size"]),
        (typeof(LibBpf.LinkInfo), "struct bpf_link_info", ["type", "id", "prog_id", "xdp.ifindex"]),
        (typeof(LibBpf.ProgramInfo), "struct bpf_prog_info", ["type", "id", "nr_map_ids", "map_ids", "name"]),
        (typeof(LibBpf.MapInfo), "struct bpf_map_info", ["type", "id", "key_size", "value_size", "name"]),
        (typeof(LibBpf.TcHook), "struct bpf_tc_hook", ["sz", "ifindex", "attach_point", "parent"]),
        (typeof(LibBpf.TcOptions), "struct bpf_tc_opts", ["sz", "prog_fd", "flags", "prog_id", "handle", "priority"]),
        (typeof(LibBpf.LinkCreateOptions), "struct bpf_link_create_opts", ["sz", "flags"]),
        (typeof(FileStatus.FileSystem), "struct statfs", ["f_type"]),
        (typeof(FileStatus.Statx), "struct statx", ["stx_uid", "stx_mode", "stx_ino", "stx_dev_major", "stx_dev_minor"]),
        (typeof(QueuePairPath), "struct queue_pair_path",
        [
            "instance", "device", "number", "completion_queue", "port", "dlid", "mtu", "service_level", "has_gid", "traffic_class",
            "sgid_index", "reserved", "dgid", "dgid[8]",
        ]),
        (typeof(QueuePairReader), "struct queue_pair_reader", ["namespace_device", "namespace_inode", "process", "reserved"]),
    ];

    /// <summary>These grow from version to version; kernel and libbpf are told how long ours is.</summary>
    private static readonly Type[] s_versioned =
    [
        typeof(SkbContext), typeof(TcpInfo), typeof(LibBpf.LinkInfo), typeof(LibBpf.ProgramInfo), typeof(LibBpf.MapInfo),
        typeof(LibBpf.LinkCreateOptions), typeof(LibBpf.XdpQueryOptions),
    ];

    private static (string C, long Value)[] ConstantsOf(Machine machine) =>
    [
        ("XTRACE_ABI_VERSION", FlowAbi.Version), ("FLOW_WAYS", FlowAbi.Ways), ("FLOW_HASH_SEEDS", FlowAbi.HashSeeds),
        ("FLOW_SLOTS_PER_BUCKET", FlowAbi.SlotsPerBucket), ("FLOW_ENTRY_SLOT", FlowAbi.EntrySlot), ("FLOW_ENTRY_TAG", ~FlowAbi.EntrySlot),
        ("DETAILS_BASE_SIZE", FlowAbi.DetailsBaseSize), ("FEATURE_DETAILS", FlowAbi.FeatureDetails),
        ("POINT_PLACES_MAX", FlowAbi.PointPlacesMax), ("POINT_PROMISCUOUS", FlowAbi.PointPromiscuous),
        ("POINT_PROBES", FlowAbi.PointProbes), ("sizeof(((struct observation_point *)0)->name)", FlowAbi.PointNameLength),
        ("FLOW_ADDRESS_KIND", FlowAbi.AddressMask), ("FLOW_PORTS_KIND", FlowAbi.PortsMask),
        ("FLOW_ETHERNET", FlowAbi.Ethernet), ("FLOW_IPV4", FlowAbi.IPv4), ("FLOW_IPV6", FlowAbi.IPv6),
        ("FLOW_NO_PORTS", FlowAbi.NoPorts), ("FLOW_PORTS", FlowAbi.Ports), ("FLOW_ICMP", FlowAbi.Icmp), ("FLOW_FRAGMENT", FlowAbi.Fragment),
        ("FLOW_ROCE_V1", FlowAbi.RoceV1), ("FLOW_ROCE_V2", FlowAbi.RoceV2), ("FLOW_ETHERTYPE", FlowAbi.Ethertype),
        ("FLOW_VLAN_ID", FlowAbi.VlanId), ("FLOW_VLAN_PRESENT", FlowAbi.VlanPresent),
        ("FILTER_NETWORKS_MAX", FlowAbi.FilterNetworks), ("FILTER_PORTS_MAX", FlowAbi.FilterPorts),
        ("TRAFFIC_ETHERNET", (long)TrafficType.Ethernet), ("TRAFFIC_IP", (long)TrafficType.IP), ("TRAFFIC_ICMP", (long)TrafficType.ICMP),
        ("TRAFFIC_ICMPV6", (long)TrafficType.ICMPv6), ("TRAFFIC_TCP", (long)TrafficType.TCP), ("TRAFFIC_UDP", (long)TrafficType.UDP),
        ("TRAFFIC_SCTP", (long)TrafficType.SCTP), ("TRAFFIC_ROCE_V1", (long)TrafficType.RoCEv1),
        ("TRAFFIC_ROCE_V2", (long)TrafficType.RoCEv2),
        ("LINK_ETHERNET", FlowAbi.LinkEthernet), ("LINK_IP", FlowAbi.LinkIp), ("LINK_IPOIB", FlowAbi.LinkIpoib),
        ("LINK_GENERIC", FlowAbi.LinkGeneric),
        ("MONITOR_NATIVE", (long)MonitorHook.XdpNative), ("MONITOR_GENERIC", (long)MonitorHook.XdpGeneric),
        ("MONITOR_TCX", (long)MonitorHook.Tcx), ("MONITOR_CLSACT", (long)MonitorHook.Clsact),
        ("BPF_TC_INGRESS", LibBpf.TcIngress), ("BPF_TC_EGRESS", LibBpf.TcEgress),
        ("ARPHRD_ETHER", (long)HardwareType.Ether), ("ARPHRD_INFINIBAND", (long)HardwareType.InfiniBand),
        ("ARPHRD_PPP", (long)HardwareType.Ppp), ("ARPHRD_RAWIP", (long)HardwareType.RawIp),
        ("ARPHRD_LOOPBACK", (long)HardwareType.Loopback), ("ARPHRD_NONE", (long)HardwareType.None),
        ("SOCKET_IPV6_ONLY", OwnersAbi.IPv6Only), ("SOCKET_HAS_TCP", OwnersAbi.HasTcp), ("SOCKET_APP_LIMITED", OwnersAbi.AppLimited),
        ("SOCKET_NAME_LENGTH", OwnersAbi.NameLength),
        ("CLONE_NEWNET", Libc.CloneNewNet),
        ("BPF_TCP_ESTABLISHED", (long)TcpState.Established), ("BPF_TCP_TIME_WAIT", (long)TcpState.TimeWait),
        ("BPF_TCP_CLOSE", (long)TcpState.Closed), ("BPF_TCP_LISTEN", (long)TcpState.Listen), ("BPF_TCP_CLOSING", (long)TcpState.Closing),
        ("BPF_XDP", LibBpf.AttachTypeXdp), ("BPF_TRACE_ITER", LibBpf.AttachTypeIterator),
        ("XDP_FLAGS_SKB_MODE", LibBpf.XdpFlagGeneric), ("XDP_FLAGS_DRV_MODE", LibBpf.XdpFlagNative),
        ("EPERM", Errnos.EPERM), ("ENOENT", Errnos.ENOENT), ("ESRCH", Errnos.ESRCH), ("EINTR", Errnos.EINTR), ("E2BIG", Errnos.E2BIG),
        ("ENOMEM", Errnos.ENOMEM), ("EACCES", Errnos.EACCES), ("EBUSY", Errnos.EBUSY), ("EEXIST", Errnos.EEXIST),
        ("ENODEV", Errnos.ENODEV), ("EINVAL", Errnos.EINVAL), ("ENFILE", Errnos.ENFILE), ("EMFILE", Errnos.EMFILE),
        ("ENOSPC", Errnos.ENOSPC), ("ERANGE", Errnos.ERANGE), ("EOPNOTSUPP", Errnos.EOPNOTSUPP),
        ("PROT_READ", Libc.ProtRead), ("PROT_WRITE", Libc.ProtWrite), ("MAP_SHARED", Libc.MapShared), ("LOCK_EX", Libc.LockExclusive),
        ("LOCK_NB", Libc.LockNonBlocking), ("F_DUPFD_CLOEXEC", Libc.DuplicateCloseOnExec), ("F_GETFL", Libc.GetFileFlags),
        ("O_RDONLY", Libc.ReadOnly), ("O_RDWR", Libc.OpenReadWrite), ("O_ACCMODE", Libc.AccessMode), ("O_CLOEXEC", Libc.OpenCloseOnExec),
        ("O_DIRECTORY", machine.OpenDirectory), ("O_NOFOLLOW", machine.OpenNoFollow), ("SYS_getdents64", machine.ListCall),
        ("SIGTSTP", Libc.TerminalStop), ("POLLIN", Libc.PollIn), ("POLLOUT", Libc.PollOut), ("POSIX_SPAWN_SETSID", Libc.SpawnInSession),
        ("BPF_FS_MAGIC", FileStatus.BpfMagic), ("AT_SYMLINK_NOFOLLOW", FileStatus.NoFollow),
        ("AT_FDCWD", FileStatus.CurrentFolder), ("STATX_BASIC_STATS", FileStatus.BasicStatus),
        ("S_IFMT", FileStatus.TypeMask), ("S_IFDIR", FileStatus.TypeDirectory), ("S_IFLNK", FileStatus.TypeLink),
        ("SOCK_RAW | SOCK_CLOEXEC", NetlinkSocket.RawCloseOnExec), ("SOCK_DGRAM | SOCK_CLOEXEC", Ethtool.DatagramCloseOnExec),
        ("SIOCETHTOOL", (long)Ethtool.Request), ("SIOCGIFINDEX", (long)Ethtool.RequestIndex),
        ("SIOCGIFHWADDR", (long)Ethtool.RequestAddress), ("SIOCOUTQ", (long)Libc.OutputQueue),
        ("TIOCGWINSZ", (long)Libc.GetWindowSize), ("IFF_PROMISC", Promiscuity.Promiscuous),
        ("TCSADRAIN", Libc.SetAfterOutput), ("offsetof(struct termios, c_lflag)", TerminalModes.LocalFlags),
        ("offsetof(struct termios, c_cc)", TerminalModes.Characters), ("NCCS", TerminalModes.CharacterCount),
        ("VMIN", TerminalModes.EndOfLineCount), ("VTIME", TerminalModes.Time), ("ICANON", TerminalModes.Canonical),
        ("ECHO", TerminalModes.Echo), ("IEXTEN", TerminalModes.Extensions),
        ("IXON", TerminalModes.FlowControl), ("ICRNL", TerminalModes.ReturnIsNewline),
    ];

    /// <summary>Structures of the C library, for which there must be at least so many bytes.</summary>
    private static readonly (string C, int Room)[] s_rooms =
    [
        ("struct termios", TerminalModes.Size), ("posix_spawn_file_actions_t", TerminalGuard.StructureSize),
        ("posix_spawnattr_t", TerminalGuard.StructureSize),
    ];

    [Fact]
    public void Sizes_offsets_and_constants_are_those_of_C() => Assert.Empty(DifferencesOn(Machine.Current, "gcc"));

    /// <summary>The headers of libbpf are the same for all machines.</summary>
    [Fact]
    [Trait("Category", "Machine")]
    public void And_those_of_C_on_arm64() =>
        Assert.Empty(DifferencesOn(Machine.Arm64, "aarch64-linux-gnu-gcc", "-idirafter", "/usr/include"));

    [Fact]
    public void A_difference_is_found()
    {
        string[] found = DifferencesOn(Machine.Current with { OpenNoFollow = 1, ListCall = 2 }, "gcc");
        Assert.Equal(["O_NOFOLLOW is not 1", "SYS_getdents64 is not 2"], found);
    }

    [Fact]
    public void Every_field_of_the_flow_ABI_is_compared()
    {
        IEnumerable<(Type Type, string C, string[] Fields)> ours = s_structs.Where(
            layout => layout.Type.Namespace == typeof(FlowKey).Namespace || layout.C.Contains("socket_", StringComparison.Ordinal));
        foreach ((Type type, string name, string[] fields) in ours)
        {
            Assert.True(type.GetFields(BindingFlags.Instance | BindingFlags.NonPublic).Length == fields.Length, name);
        }
    }

    /// <summary>So that what is added to the header is added here.</summary>
    [Fact]
    public void Every_structure_and_constant_of_the_header_is_compared()
    {
        string header = File.ReadAllText(Path.Combine(BpfFolder(), "flow.h")) + File.ReadAllText(Path.Combine(BpfFolder(), "owners.h"));
        string[] structures =
            [.. Regex.Matches(header, @"^(struct \w+) \{", RegexOptions.Multiline).Select(match => match.Groups[1].Value)];
        string[] constants =
            [.. Regex.Matches(header, @"^#define (\w+)[ \t]+\S", RegexOptions.Multiline).Select(match => match.Groups[1].Value)];
        Assert.InRange(structures.Length, 10, 100);
        Assert.InRange(constants.Length, 30, 200);
        Assert.Empty(structures.Except(s_structs.Select(structure => structure.C)));
        Assert.Empty(constants.Except(ConstantsOf(Machine.Current).Select(constant => constant.C)));
    }

    [Fact]
    public void A_slot_is_a_cache_line() => Assert.Equal(64, Unsafe.SizeOf<Flow>());

    /// <summary>The values that a machine's compiler finds otherwise than C# has them.</summary>
    private static string[] DifferencesOn(Machine machine, string compiler, params string[] flags)
    {
        string errors = CProgram.Check(Source(machine), compiler, ["-I", BpfFolder(), .. flags]);
        string[] differences = [.. Regex.Matches(errors, "static assertion failed: \"(.*)\"").Select(match => match.Groups[1].Value)];
        return errors.Length > 0 && differences.Length == 0 ? [errors] : differences;
    }

    private static string Source(Machine machine)
    {
        StringBuilder text = new();
        string[] headers =
        [
            "errno.h", "fcntl.h", "poll.h", "sched.h", "signal.h", "spawn.h", "stddef.h", "termios.h", "sys/file.h", "sys/ioctl.h",
            "sys/mman.h", "sys/socket.h", "sys/stat.h", "sys/statfs.h", "sys/syscall.h", "linux/bpf.h", "linux/if.h", "linux/if_arp.h",
            "linux/if_link.h", "linux/inet_diag.h", "linux/magic.h", "linux/sockios.h", "linux/tcp.h", "bpf/bpf.h", "bpf/libbpf.h",
            "flow.h", "owners.h", "queue_pairs.h",
        ];
        text.Append("#define _GNU_SOURCE\n").AppendJoin("", headers.Select(header => $"#include <{header}>\n"));
        foreach ((Type type, string name, string[] fields) in s_structs)
        {
            if (!s_versioned.Contains(type))
            {
                Expect($"sizeof({name})", Marshal.SizeOf(type));
            }
            FieldInfo[] ours = type.GetFields(BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.Public);
            for (int i = 0; i < fields.Length; i++)
            {
                Expect($"offsetof({name}, {fields[i]})", Marshal.OffsetOf(type, ours[i].Name));
            }
        }
        foreach ((string name, long value) in ConstantsOf(machine))
        {
            Expect(name, value);
        }
        text.AppendJoin(
            "", s_rooms.Select(room => $"_Static_assert(sizeof({room.C}) <= {room.Room}, \"{room.C} is larger than {room.Room}\");\n"));
        return text.ToString();

        void Expect(string what, long value) => text.Append($"_Static_assert((long)({what}) == {value}, \"{what} is not {value}\");\n");
    }

    private static string BpfFolder([CallerFilePath] string here = "") => Path.Combine(Path.GetDirectoryName(here)!, "../../bpf");
}
