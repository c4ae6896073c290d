using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using XTrace.Bpf;
using XTrace.Messages;

namespace XTrace.Net;

/// <summary>Takes what follows the header of a message.</summary>
internal delegate void NetlinkAnswer(ReadOnlySpan<byte> message);

/// <summary>A netlink socket of the network namespace that the calling thread is in, RFC 3549.</summary>
internal sealed class NetlinkSocket : SocketHandle
{
    internal const int Route = 0; // NETLINK_ROUTE, linux/netlink.h
    internal const int SocketDiagnosis = 4; // NETLINK_SOCK_DIAG
    internal const int Rdma = 20; // NETLINK_RDMA

    private const int Family = 16; // AF_NETLINK
    internal const int RawCloseOnExec = 3 | 0x80000; // SOCK_RAW | SOCK_CLOEXEC
    private const int HeaderLength = 16; // struct nlmsghdr: length, type, flags, sequence, port
    private const ushort RequestDump = 0x301; // NLM_F_REQUEST | NLM_F_DUMP
    private const ushort RequestAcknowledge = 0x5; // NLM_F_REQUEST | NLM_F_ACK
    private const ushort Interrupted = 0x10; // NLM_F_DUMP_INTR
    private const ushort MessageError = 2; // NLMSG_ERROR
    private const ushort MessageDone = 3; // NLMSG_DONE
    private const int MaxDatagram = 1 << 16;
    private const int MaxAttempts = 10;

    /// <summary>Opens a socket of a netlink protocol.</summary>
    /// <exception cref="XTraceException">The kernel has no such protocol.</exception>
    internal static NetlinkSocket Open(int protocol)
    {
        NetlinkSocket socket = Libc.netlink_socket(Family, RawCloseOnExec, protocol);
        return socket.IsInvalid ? throw Failed(KernelOperation.OpenNetlink, Marshal.GetLastPInvokeError()) : socket;
    }

    /// <summary>Asks for all objects of a kind.</summary>
    /// <param name="type">The request, for example RTM_GETLINK.</param>
    /// <param name="body">What follows the message's header.</param>
    /// <returns>What follows the header of each message of the answer.</returns>
    /// <exception cref="XTraceException">The kernel refused.</exception>
    internal IReadOnlyList<byte[]> Dump(ushort type, ReadOnlySpan<byte> body)
    {
        List<byte[]> messages = [];
        // What changes all the time is taken as it comes in the end.
        for (int attempt = 0; attempt < MaxAttempts; attempt++)
        {
            messages.Clear();
            if (Dump(type, body, message => messages.Add(message.ToArray())))
            {
                break;
            }
        }
        return messages;
    }

    /// <summary>Asks for all objects of a kind, and hands each out as it comes.</summary>
    /// <param name="type">The request, for example RTM_GETLINK.</param>
    /// <param name="body">What follows the message's header.</param>
    /// <param name="answer">Takes what follows the header of each message of the answer.</param>
    /// <returns>False if something changed meanwhile, so that the answer is not of one moment.</returns>
    /// <exception cref="XTraceException">The kernel refused.</exception>
    internal bool Dump(ushort type, ReadOnlySpan<byte> body, NetlinkAnswer answer)
    {
        Request(type, body);
        return Receive(answer);
    }

    /// <summary>Asks for one object.</summary>
    /// <returns>What follows the header of the answer; empty where there is none.</returns>
    /// <exception cref="XTraceException">The kernel refused.</exception>
    internal byte[] Ask(ushort type, ReadOnlySpan<byte> body)
    {
        byte[] answer = [];
        Request(type, body, RequestAcknowledge);
        Receive(message => answer = message.ToArray());
        return answer;
    }

    /// <summary>Changes something, and waits until the kernel says that it did.</summary>
    /// <exception cref="XTraceException">The kernel refused.</exception>
    internal void Change(ushort type, ReadOnlySpan<byte> body)
    {
        Request(type, body, RequestAcknowledge);
        Receive(_ => { });
    }

    private void Request(ushort type, ReadOnlySpan<byte> body, ushort flags = RequestDump)
    {
        byte[] message = new byte[HeaderLength + body.Length];
        BinaryPrimitives.WriteInt32LittleEndian(message, message.Length);
        BinaryPrimitives.WriteUInt16LittleEndian(message.AsSpan(4), type);
        BinaryPrimitives.WriteUInt16LittleEndian(message.AsSpan(6), flags);
        body.CopyTo(message.AsSpan(HeaderLength));
        while (Libc.send(this, message, (nuint)message.Length, 0) < 0)
        {
            int error = Marshal.GetLastPInvokeError();
            if (error != Errnos.EINTR)
            {
                throw Failed(KernelOperation.AskNetlink, error);
            }
        }
    }

    /// <returns>False if something changed meanwhile, so that the answer is not of one moment.</returns>
    private bool Receive(NetlinkAnswer answer)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(MaxDatagram);
        try
        {
            return Receive(answer, buffer);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private bool Receive(NetlinkAnswer answer, byte[] buffer)
    {
        bool consistent = true;
        while (true)
        {
            nint length = Libc.recv(this, buffer, (nuint)buffer.Length, 0);
            if (length < 0 && Marshal.GetLastPInvokeError() == Errnos.EINTR)
            {
                continue;
            }
            if (length < 0)
            {
                throw Failed(KernelOperation.ReadNetlink, Marshal.GetLastPInvokeError());
            }
            for (ReadOnlySpan<byte> rest = buffer.AsSpan(0, (int)length); rest.Length >= HeaderLength;)
            {
                int size = BinaryPrimitives.ReadInt32LittleEndian(rest);
                ushort type = BinaryPrimitives.ReadUInt16LittleEndian(rest[4..]);
                consistent &= (BinaryPrimitives.ReadUInt16LittleEndian(rest[6..]) & Interrupted) == 0;
                ReadOnlySpan<byte> payload = rest[HeaderLength..size];
                switch (type)
                {
                    case MessageError when payload.Length >= sizeof(int) && BinaryPrimitives.ReadInt32LittleEndian(payload) == 0:
                        return consistent;
                    case MessageDone when payload.Length >= sizeof(int) && BinaryPrimitives.ReadInt32LittleEndian(payload) < 0:
                    case MessageError:
                        throw Failed(KernelOperation.AskNetlink, -BinaryPrimitives.ReadInt32LittleEndian(payload));
                    case MessageDone:
                        return consistent;
                    default:
                        answer(payload);
                        break;
                }
                rest = rest[Math.Min(rest.Length, NetlinkAttributes.Align(size))..];
            }
        }
    }

    private static XTraceException Failed(KernelOperation operation, int errno) =>
        new(KernelMessages.OfNetlink(errno), null, operation, Marshal.GetPInvokeErrorMessage(errno), errno);
}
