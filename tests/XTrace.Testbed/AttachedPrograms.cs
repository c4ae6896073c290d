using System.Runtime.InteropServices;
using System.Text.Json;

namespace XTrace.Testbed;

/// <summary>What the kernel says is attached to interfaces of the calling thread's namespace, asked without XTrace.</summary>
public static class AttachedPrograms
{
    private const int QueryCommand = 16; // BPF_PROG_QUERY, linux/bpf.h
    private const int TcxIngress = 46; // BPF_TCX_INGRESS
    private const int TcxEgress = 47; // BPF_TCX_EGRESS

    /// <summary>Where programs are attached to an interface: some of xdp, tcx ingress, tcx egress, clsact ingress, clsact egress.</summary>
    public static string[] On(string interfaceName) =>
    [
        .. HasXdp(interfaceName) ? ["xdp"] : Array.Empty<string>(),
        .. CountTcx(interfaceName, TcxIngress) > 0 ? ["tcx ingress"] : Array.Empty<string>(),
        .. CountTcx(interfaceName, TcxEgress) > 0 ? ["tcx egress"] : Array.Empty<string>(),
        .. HasFilter(interfaceName, "ingress") ? ["clsact ingress"] : Array.Empty<string>(),
        .. HasFilter(interfaceName, "egress") ? ["clsact egress"] : Array.Empty<string>(),
    ];

    /// <summary>The interfaces that have programs attached, by index.</summary>
    public static string[] Interfaces()
    {
        using JsonDocument links = JsonDocument.Parse(Command.Run("ip", "-j", "link"));
        return
        [
            .. links.RootElement.EnumerateArray().Select(link => link.GetProperty("ifname").GetString()!)
                .Where(name => On(name).Length > 0),
        ];
    }

    private static bool HasXdp(string interfaceName)
    {
        using JsonDocument links = JsonDocument.Parse(Command.Run("ip", "-j", "link", "show", "dev", interfaceName));
        return links.RootElement[0].TryGetProperty("xdp", out _);
    }

    private static bool HasFilter(string interfaceName, string direction) =>
        Command.Run("tc", "filter", "show", "dev", interfaceName, direction).Contains("bpf", StringComparison.Ordinal);

    /// <summary>0 on kernels without TCX as well.</summary>
    private static uint CountTcx(string interfaceName, uint attachType)
    {
        Libc.QueryAttributes attributes = new() { Target = Libc.if_nametoindex(interfaceName), AttachType = attachType };
        return Libc.bpf(QueryCommand, ref attributes) == 0 ? attributes.Count : 0;
    }
}
