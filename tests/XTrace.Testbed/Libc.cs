using System.Runtime.InteropServices;
using System.Text;

namespace XTrace.Testbed;

/// <summary>Imports from the C library.</summary>
internal static partial class Libc
{
    internal const int CloneNewNet = 0x40000000; // linux/sched.h
    internal const int OpenReadWrite = 2;
    internal const int OpenCloseOnExec = 0x80000;
    internal const int PacketFamily = 17; // AF_PACKET
    internal const int RawCloseOnExec = 3 | 0x80000; // SOCK_RAW | SOCK_CLOEXEC
    internal const int NoBuffers = 105; // ENOBUFS
    internal const int EthtoolRequest = 0x8946; // SIOCETHTOOL, linux/sockios.h
    internal const uint GetLink = 10; // ETHTOOL_GLINK, linux/ethtool.h

    private static readonly nint s_bpf = RuntimeInformation.ProcessArchitecture switch // __NR_bpf, asm/unistd.h
    {
        Architecture.X64 => 321,
        Architecture.Arm64 => 280,
        var other => throw new PlatformNotSupportedException($"The number of bpf(2) on {other} is not known."),
    };

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    internal static partial int open(string path, int flags);

    [LibraryImport("libc")]
    internal static partial int close(int fd);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int setns(int fd, int type);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    internal static partial uint if_nametoindex(string name);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int socket(int family, int type, int protocol);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint sendto(int fd, byte[] data, nuint length, int flags, in PacketAddress to, uint toLength);

    /// <summary>bpf(2). The attributes are at least as long as the kernel writes behind what it reads, 128 bytes.</summary>
    internal static unsafe nint bpf<T>(int command, ref T attributes)
        where T : unmanaged
    {
        fixed (T* pointer = &attributes)
        {
            return syscall(s_bpf, command, pointer, sizeof(T));
        }
    }

    [LibraryImport("libc", SetLastError = true)]
    internal static unsafe partial int ioctl(int fd, nuint request, byte* argument);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint read(int fd, byte[] data, nuint length);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint write(int fd, byte[] data, nuint length);

    [LibraryImport("libc", SetLastError = true)]
    internal static unsafe partial nint writev(int fd, Part* parts, int count);

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial nint syscall(nint number, nint command, void* attributes, nint size);

    /// <summary>Throws the error of the last call if it returned a negative number.</summary>
    internal static int Check(int result, string call) =>
        result >= 0 ? result : throw new InvalidOperationException($"{call}: {Marshal.GetLastPInvokeErrorMessage()}");

    /// <summary>
    /// The part of union bpf_attr that BPF_PROG_QUERY reads, linux/bpf.h. The kernel also writes behind it, whatever length it is told.
    /// </summary>
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

    /// <summary>What BPF_PROG_ATTACH reads.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 128)]
    internal struct AttachAttributes
    {
        internal uint Target;
        internal int Program;
        internal uint AttachType;
        internal uint AttachFlags;
    }

    /// <summary>What BPF_PROG_GET_FD_BY_ID reads.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 128)]
    internal struct IdAttributes
    {
        internal uint Id;
    }

    /// <summary>What BPF_OBJ_GET reads.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 128)]
    internal struct PathAttributes
    {
        internal ulong Path;
    }

    /// <summary>What BPF_MAP_LOOKUP_ELEM and BPF_MAP_UPDATE_ELEM read.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 128)]
    internal struct ElementAttributes
    {
        internal int Map;
        internal ulong Key;
        internal ulong Value;
    }

    /// <summary>struct iovec.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct Part
    {
        internal byte* Start;
        internal nuint Length;
    }

    /// <summary>struct ifreq, linux/if.h: the interface's name, and a pointer or a number.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 40)]
    internal unsafe struct InterfaceRequest
    {
        private const int NameLength = 16; // IFNAMSIZ

        private fixed byte _name[NameLength];
        private readonly nint _data;

        internal InterfaceRequest(string name, nint data)
        {
            _data = data;
            fixed (byte* start = _name)
            {
                Encoding.UTF8.GetBytes(name, new Span<byte>(start, NameLength - 1));
            }
        }
    }

    /// <summary>struct ethtool_value, linux/ethtool.h.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct LinkRequest
    {
        internal uint Command;
        internal uint Value;
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
