using System.Runtime.InteropServices;
using System.Text;

namespace XTrace.Processes;

// The mirror of bpf/owners.h, name by name and offset by offset; that header says what each field means.

/// <summary>struct socket_id.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct SocketId : IEquatable<SocketId>
{
    internal ulong Local0;
    internal ulong Local1;
    internal ulong Remote0;
    internal ulong Remote1;
    internal ushort LocalPort;
    internal ushort RemotePort;
    internal uint Net;

    public readonly bool Equals(SocketId other) =>
        Local1 == other.Local1 && Remote1 == other.Remote1 && LocalPort == other.LocalPort && RemotePort == other.RemotePort
        && Net == other.Net && Local0 == other.Local0 && Remote0 == other.Remote0;

    public override readonly bool Equals(object? obj) => obj is SocketId id && Equals(id);

    public override readonly int GetHashCode() => HashCode.Combine(Local0, Local1, Remote0, Remote1, LocalPort, RemotePort, Net);
}

/// <summary>struct socket_owner.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct SocketOwner
{
    internal ulong Cgroup;
    internal uint Pid;
    internal uint Uid;
    internal fixed byte NameBytes[OwnersAbi.NameLength];

    /// <summary>The process's name; empty where nothing is known.</summary>
    internal readonly string Name
    {
        get
        {
            fixed (byte* name = NameBytes)
            {
                ReadOnlySpan<byte> bytes = new(name, OwnersAbi.NameLength);
                int end = bytes.IndexOf((byte)0);
                return Encoding.UTF8.GetString(end < 0 ? bytes : bytes[..end]);
            }
        }
    }

    internal void SetName(ReadOnlySpan<byte> name)
    {
        fixed (byte* bytes = NameBytes)
        {
            Span<byte> to = new(bytes, OwnersAbi.NameLength);
            to.Clear();
            name[..Math.Min(name.Length, OwnersAbi.NameLength - 1)].CopyTo(to);
        }
    }
}

/// <summary>struct socket_row: a socket that a process holds.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct SocketRow
{
    internal SocketId Id;
    internal SocketOwner Owner;
    internal ulong DeliveryRate;
    internal byte Protocol;
    internal byte State;
    internal byte Flags;
    internal byte Unused;
    internal uint RoundTripMicroseconds;
    internal uint MinRoundTripMicroseconds;
    internal uint Retransmitted;
    internal uint Lost;
    internal uint Window;
    internal uint Busy;
    internal uint ReceiverLimited;
    internal uint BufferLimited;
    internal uint Now;

    internal readonly bool IsConnected => Id.RemotePort != 0;

    internal readonly bool HasTcp => (Flags & OwnersAbi.HasTcp) != 0;
}

/// <summary>struct socket_reader.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct SocketProgramReader
{
    internal ulong PidNamespace;
    internal uint PidLevel;
    internal uint HostNet;
}

/// <summary>The constants of bpf/owners.h.</summary>
internal static class OwnersAbi
{
    internal const byte IPv6Only = 0x1;
    internal const byte HasTcp = 0x2;
    internal const byte AppLimited = 0x4;
    internal const int NameLength = 16;
}
