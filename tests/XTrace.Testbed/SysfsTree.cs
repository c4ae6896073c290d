using System.Globalization;

namespace XTrace.Testbed;

/// <summary>A folder laid out as the kernel lays out sysfs, with RDMA devices in it; gone when disposed.</summary>
public sealed class SysfsTree : IDisposable
{
    // Thousands of small files: in memory, where there is a folder for that.
    private static readonly string s_parent = Directory.Exists("/dev/shm") ? "/dev/shm" : Path.GetTempPath();

    private static int s_count;

    private readonly string _folder = Path.Combine(s_parent, $"xtrace-sysfs-{Environment.ProcessId}-{Interlocked.Increment(ref s_count)}");

    public SysfsTree()
    {
        Directory.CreateDirectory(PathOf("class"));
        // Other users of the machine may read it, as they may sysfs.
        Command.Run("chmod", "755", _folder);
    }

    /// <summary>What XTRACE_SYSFS_ROOT is to name.</summary>
    public string Root => Path.Combine(_folder, "sys");

    /// <summary>
    /// A tree that was copied from a machine: an archive of <c>sys</c>, and READ_ERRORS.tsv with what could not be read
    /// and the error number. Those of RDMA devices fail here in the same way.
    /// </summary>
    public static SysfsTree Unpack(string archive)
    {
        SysfsTree tree = new();
        Command.Run("tar", "-xJf", archive, "-C", tree._folder);
        foreach (string[] columns in File.ReadLines(Path.Combine(tree._folder, "READ_ERRORS.tsv")).Select(line => line.Split('\t')))
        {
            if (columns is [var path, "read", var errno, ..] && path.Contains("/infiniband/", StringComparison.Ordinal))
            {
                tree.Fail(path["/sys/".Length..], int.Parse(errno, CultureInfo.InvariantCulture));
            }
        }
        return tree;
    }

    /// <summary>One of several trees in an archive, each a folder at its top.</summary>
    public static SysfsTree Unpack(string archive, string part)
    {
        SysfsTree tree = new();
        Command.Run("tar", "-xJf", archive, "-C", tree._folder, $"--transform=s,^{part},sys,", part);
        return tree;
    }

    /// <summary>Where something is.</summary>
    public string PathOf(string path) => Path.Combine(Root, path);

    /// <summary>Writes an attribute.</summary>
    public void Write(string path, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(PathOf(path))!);
        File.WriteAllText(PathOf(path), text + "\n");
    }

    /// <summary>Makes a relative link, as sysfs has.</summary>
    public void Link(string path, string target)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(PathOf(path))!);
        File.CreateSymbolicLink(PathOf(path), Path.GetRelativePath(Path.GetDirectoryName(PathOf(path))!, PathOf(target)));
    }

    /// <summary>Makes an attribute that the kernel refuses to read: it leads to a real one for which the kernel does that.</summary>
    public void Fail(string path, int errno) => LinkToKernel(path, errno switch
    {
        5 => "/proc/self/mem", // EIO: nothing is mapped at 0
        21 => "/sys", // EISDIR
        22 => "/sys/class/net/lo/speed", // EINVAL: loopback has none
        _ => throw new ArgumentOutOfRangeException(nameof(errno), errno, "No file is known that fails so."),
    });

    /// <summary>Makes an attribute that is one of the running kernel.</summary>
    public void LinkToKernel(string path, string target)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(PathOf(path))!);
        File.CreateSymbolicLink(PathOf(path), target);
    }

    /// <summary>Adds an RDMA device on a PCI function, which other devices may share.</summary>
    /// <returns>Its folder.</returns>
    public string AddDevice(string name, string driver, string pciAddress = "0000:3b:00.0", string nodeType = "1: CA")
    {
        string function = AddPciFunction(pciAddress, driver);
        string folder = $"{function}/infiniband/{name}";
        Link($"class/infiniband/{name}", folder);
        Link($"{folder}/device", function);
        Write($"{folder}/node_type", nodeType);
        return folder;
    }

    /// <summary>Adds an RDMA device in software.</summary>
    /// <returns>Its folder.</returns>
    public string AddSoftwareDevice(string name, string nodeType = "1: CA")
    {
        string folder = $"devices/virtual/infiniband/{name}";
        Link($"class/infiniband/{name}", folder);
        Write($"{folder}/node_type", nodeType);
        return folder;
    }

    /// <summary>Adds a port to a device.</summary>
    /// <returns>Its folder.</returns>
    public string AddPort(
        string device, int number = 1, string state = "4: ACTIVE", string rate = "100 Gb/sec (4X EDR)", string linkLayer = "Ethernet")
    {
        string folder = $"{device}/ports/{number}";
        Write($"{folder}/state", state);
        Write($"{folder}/phys_state", state == "4: ACTIVE" ? "5: LinkUp" : "2: Polling");
        Write($"{folder}/rate", rate);
        Write($"{folder}/link_layer", linkLayer);
        Write($"{folder}/lid", "0x0");
        return folder;
    }

    /// <summary>Adds an entry to a port's GID table; without an interface the kernel refuses to name one.</summary>
    public void AddGid(string port, int index, string gid, string? netdev = null)
    {
        Write($"{port}/gids/{index}", gid);
        Write($"{port}/gid_attrs/types/{index}", "RoCE v2");
        if (netdev is null)
        {
            Fail($"{port}/gid_attrs/ndevs/{index}", 22);
        }
        else
        {
            Write($"{port}/gid_attrs/ndevs/{index}", netdev);
        }
    }

    /// <summary>Adds a network interface on a PCI function, or a virtual one.</summary>
    /// <returns>Its folder.</returns>
    public string AddInterface(
        string name, string? pciAddress = null, string type = "1", string address = "02:00:00:00:00:01", string devPort = "0")
    {
        string? function = pciAddress is null ? null : AddPciFunction(pciAddress, driver: null);
        string folder = function is null ? $"devices/virtual/net/{name}" : $"{function}/net/{name}";
        Link($"class/net/{name}", folder);
        if (function is not null)
        {
            Link($"{folder}/device", function);
        }
        Write($"{folder}/type", type);
        Write($"{folder}/address", address);
        Write($"{folder}/dev_port", devPort);
        return folder;
    }

    /// <summary>Adds counters, all with one value.</summary>
    public void AddCounters(string folder, IEnumerable<string> names, string value = "0")
    {
        foreach (string name in names)
        {
            Write($"{folder}/{name}", value);
        }
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string AddPciFunction(string address, string? driver)
    {
        string folder = $"devices/pci{address[..7]}/{address}";
        Directory.CreateDirectory(PathOf(folder));
        if (driver is not null && !Path.Exists(PathOf($"{folder}/driver")))
        {
            Directory.CreateDirectory(PathOf($"bus/pci/drivers/{driver}"));
            Link($"{folder}/driver", $"bus/pci/drivers/{driver}");
        }
        return folder;
    }
}
