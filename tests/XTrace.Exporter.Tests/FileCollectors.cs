namespace XTrace.Exporter.Tests;

/// <summary>A flow as a collector wrote it down, without its ports where it has none.</summary>
internal readonly record struct StoredFlow(
    string Source, string Destination, int SourcePort, int DestinationPort, long Packets, long Bytes);

/// <summary>nfcapd of nfdump: writes files, which nfdump reads.</summary>
internal sealed class Nfcapd : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("xtrace-nfcapd-");
    private readonly Child _process;

    internal Nfcapd(VethPair pair, int port)
    {
        _process = new Child(pair, "nfcapd", "-l", _folder.FullName, "-p", $"{port}", "-b", "127.0.0.1", "-t", "3600", "-B", "8000000");
        _process.WaitFor("Startup nfcapd");
    }

    /// <summary>Ends it, and reads what it has.</summary>
    internal StoredFlow[] Finish()
    {
        _process.Signal("TERM");
        _process.End();
        string line = _process.Lines.Last(line => line.StartsWith("Ident:", StringComparison.Ordinal));
        Assert.Contains("Sequence Errors: 0, Bad Packets: 0", line, StringComparison.Ordinal);
        string flows = Command.Run("nfdump", "-R", _folder.FullName, "-q", "-6", "-N", "-o", "fmt:%sa|%da|%sp|%dp|%pkt|%byt");
        return [.. flows.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(Parse)];
    }

    public void Dispose()
    {
        _process.Dispose();
        _folder.Delete(recursive: true);
    }

    private static StoredFlow Parse(string line)
    {
        string[] parts = [.. line.Split('|').Select(part => part.Trim())];
        return new StoredFlow(parts[0], parts[1], Port(parts[2]), Port(parts[3]), long.Parse(parts[4], null), long.Parse(parts[5], null));
    }

    /// <summary>ICMP has type.code there.</summary>
    private static int Port(string text) => int.TryParse(text, out int port) ? port : 0;
}

/// <summary>nfacctd of pmacct: adds flows up, and writes them when it ends.</summary>
internal sealed class Nfacctd : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("xtrace-nfacctd-");
    private readonly Child _process;

    internal Nfacctd(VethPair pair, int port)
    {
        string configuration = Path.Combine(_folder.FullName, "nfacctd.conf");
        File.WriteAllText(configuration, $"""
            nfacctd_ip: 127.0.0.1
            nfacctd_port: {port}
            plugins: print
            aggregate: src_host, dst_host, src_port, dst_port
            print_output: csv
            print_output_file: {_folder.FullName}/flows.csv
            print_output_file_append: true
            print_refresh_time: 2

            """);
        _process = new Child(pair, "nfacctd", "-f", configuration);
        _process.WaitFor("waiting for NetFlow/IPFIX data");
    }

    /// <summary>What it wrote.</summary>
    internal StoredFlow[] Flows => File.Exists($"{_folder.FullName}/flows.csv")
        ? [.. File.ReadAllLines($"{_folder.FullName}/flows.csv")
            .Where(line => !line.StartsWith("SRC", StringComparison.Ordinal)).Select(Parse)]
        : [];

    public void Dispose()
    {
        _process.Dispose();
        _folder.Delete(recursive: true);
    }

    private static StoredFlow Parse(string line)
    {
        string[] parts = line.Split(',');
        return new StoredFlow(
            parts[0], parts[1], int.Parse(parts[2], null), int.Parse(parts[3], null),
            long.Parse(parts[4], null), long.Parse(parts[5], null));
    }
}

/// <summary>tshark: captures what goes over the loopback interface, and decodes it.</summary>
internal sealed class Tshark : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("xtrace-tshark-");
    private readonly Child _process;
    private readonly string[] _decode;

    internal Tshark(VethPair pair, params (string Transport, int Port)[] collectors)
    {
        // Its helper gives its rights up, and would not be allowed to write where only root may.
        _process = new Child(pair, "tshark", "-i", "lo", "-q", "-B", "64", "-w", File);
        _process.WaitFor("Capture started");
        _decode = [.. collectors.SelectMany(collector => new[] { "-d", $"{collector.Transport}.port=={collector.Port},cflow" })];
    }

    private string File => Path.Combine(_folder.FullName, "lo.pcapng");

    /// <summary>Ends the capture, and returns what the decoder complains of, and the packets and bytes of every flow record.</summary>
    internal (string[] Complaints, Sum Sum) Finish(string filter)
    {
        Thread.Sleep(500);
        _process.Signal("INT");
        _process.End();
        // PI_WARN of epan/proto.h; that a connection begins or ends is no complaint.
        string[] complaints = Decode(
            "-Y", "_ws.malformed or _ws.expert.severity >= 0x00600000", "-T", "fields", "-e", "frame.number", "-e", "_ws.expert.message");
        Sum sum = default;
        foreach (string line in Decode("-Y", $"cflow and {filter}", "-T", "fields", "-e", "cflow.packets", "-e", "cflow.octets"))
        {
            string[] parts = line.Split('\t');
            long[] packets = Numbers(parts[0]);
            sum += new Sum(packets.Length, packets.Sum(), Numbers(parts[1]).Sum());
        }
        return (complaints, sum);
    }

    public void Dispose()
    {
        _process.Dispose();
        _folder.Delete(recursive: true);
    }

    private static long[] Numbers(string list) =>
        [.. list.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(number => long.Parse(number, null))];

    private string[] Decode(params string[] arguments) =>
        Command.Run("tshark", ["-r", File, .. _decode, .. arguments]).Split('\n', StringSplitOptions.RemoveEmptyEntries);
}
