using System.Runtime.InteropServices;

namespace XTrace.Testbed;

/// <summary>Imports from the C library.</summary>
internal static partial class Libc
{
    internal const int CloneNewNet = 0x40000000; // linux/sched.h
    internal const int OpenCloseOnExec = 0x80000;
    internal const int PacketFamily = 17; // AF_PACKET
    internal const int RawCloseOnExec = 3 | 0x80000; // SOCK_RAW | SOCK_CLOEXEC
    internal const int NoBuffers = 105; // ENOBUFS
    internal const uint SetTunInterface = 0x400454ca; // TUNSETIFF, linux/if_tun.h
    internal const short TunWithoutInformation = 0x1001; // IFF_TUN | IFF_NO_PI

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    internal static partial int open(string path, int flags);

    [LibraryImport("libc")]
    internal static partial int close(int fd);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int setns(int fd, int type);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int ioctl(int fd, nuint request, ref TunRequest argument);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    internal static partial uint if_nametoindex(string name);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int socket(int family, int type, int protocol);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint sendto(int fd, byte[] data, nuint length, int flags, in PacketAddress to, uint toLength);

    internal static nint bpf(int command, ref QueryAttributes attributes) => syscall(
        RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 280 : 321, // __NR_bpf
        command,
        ref attributes,
        Marshal.SizeOf<QueryAttributes>());

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint syscall(nint number, nint command, ref QueryAttributes attributes, nint size);

    /// <summary>Throws the error of the last call if it returned a negative number.</summary>
    internal static int Check(int result, string call) =>
        result >= 0 ? result : throw new InvalidOperationException($"{call}: {Marshal.GetLastPInvokeErrorMessage()}");

    /// <summary>struct ifreq, linux/if.h, as TUNSETIFF reads it: 16 bytes of name, then flags.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 40)]
    internal struct TunRequest
    {
        [FieldOffset(16)] internal short Flags;
    }

    /// <summary>What of union bpf_attr BPF_PROG_QUERY reads, linux/bpf.h. The kernel writes behind it, however long it is told that it is.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 128)]
    internal struct QueryAttributes
    {
        internal uint Target;
        internal uint AttachType;
        internal uint QueryFlags;
        internal uint AttachFlags;
        internal ulong ProgramIds;
        internal uint Count;
    }

    /// <summary>struct sockaddr_ll, linux/if_packet.h.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct PacketAddress
    {
        internal ushort Family;
        internal ushort Protocol;
        internal int InterfaceIndex;
        internal ushort HardwareType;
        internal byte PacketType;
        internal byte AddressLength;
        internal ulong Address;
    }
}
