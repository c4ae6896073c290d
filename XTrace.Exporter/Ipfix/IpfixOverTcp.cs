using System.Diagnostics;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using XTrace.Bpf;

namespace XTrace.Exporter.Ipfix;

/// <summary>
/// Sends messages as a stream over TCP (RFC 7011 10.4), with TLS where asked for. Templates go first on each connection. When a
/// connection breaks, messages that the other side's kernel has not confirmed are sent again on the next one.
/// </summary>
internal sealed class IpfixOverTcp(IpfixOptions options) : IDelivery
{
    private const int UserTimeout = 18; // TCP_USER_TIMEOUT, linux/tcp.h
    private const int BufferSize = 512 * 1024;

    private static readonly TimeSpan s_connectPatience = TimeSpan.FromSeconds(10);

    /// <summary>So long a collector may confirm nothing before the connection counts as broken.</summary>
    private static readonly TimeSpan s_silence = TimeSpan.FromMinutes(1);

    private readonly byte[] _templates =
        [.. new byte[IpfixMessages.HeaderLength], .. IpfixTemplate.DescribeAll(options.Enterprise, options.Owners)];
    private readonly Queue<(Parcel Parcel, long End)> _unconfirmed = [];
    private readonly byte[] _read = new byte[1];
    private Socket? _socket;
    private CountedStream? _wire;
    private Stream? _stream;
    private Task<int>? _reading;
    private uint _sequence;

    public void Deliver(in Parcel parcel)
    {
        try
        {
            if (_reading is { IsCompleted: true })
            {
                throw new IOException(Messages.ClosedByCollector);
            }
            if (_stream is null)
            {
                Connect();
                Send(_templates);
            }
            Send(parcel.Content.Span);
            _sequence += (uint)parcel.Items;
            ForgetConfirmed();
            _unconfirmed.Enqueue((parcel, _wire!.Written));
        }
        catch (Exception error) when (error is IOException or SocketException or AuthenticationException or OperationCanceledException
            or OutOfMemoryException)
        {
            ForgetConfirmed();
            Dispose();
            throw new IOException(error is OperationCanceledException ? Messages.NoAnswer : error.Message, error);
        }
    }

    public IReadOnlyList<Parcel> TakeBack()
    {
        Parcel[] back = [.. _unconfirmed.Select(sent => sent.Parcel)];
        _unconfirmed.Clear();
        return back;
    }

    public void Close(TimeSpan patience)
    {
        long start = Stopwatch.GetTimestamp();
        try
        {
            (_stream as SslStream)?.ShutdownAsync().Wait(patience);
            _socket?.Shutdown(SocketShutdown.Send);
        }
        catch (Exception error) when (error is IOException or SocketException or AggregateException or ObjectDisposedException)
        {
            // The connection is broken, and the rest will never arrive.
        }
        // When the collector closes in its turn, it has read everything. To close earlier would discard data that it has not read.
        while (_reading is { IsCompleted: false } && Stopwatch.GetElapsedTime(start) < patience)
        {
            Thread.Sleep(10);
        }
        ForgetConfirmed();
        Dispose();
    }

    public void Dispose()
    {
        _stream?.Dispose();
        _socket?.Dispose();
        (_stream, _wire, _socket, _reading) = (null, null, null, null);
    }

    private void Connect()
    {
        using CancellationTokenSource patience = new(s_connectPatience);
        _sequence = 0;
        _socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, SendBufferSize = BufferSize };
        _socket.SetRawSocketOption((int)SocketOptionLevel.Tcp, UserTimeout, BitConverter.GetBytes((int)s_silence.TotalMilliseconds));
        _socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
        _socket.ConnectAsync(options.Collector.Host, options.Collector.Port, patience.Token).AsTask().GetAwaiter().GetResult();
        _wire = new CountedStream(new NetworkStream(_socket));
        _stream = options.Collector.Scheme == IpfixAddress.Tls ? Secure(_wire, patience.Token) : _wire;
        // A collector says nothing, so what ends is the connection.
        _reading = _stream.ReadAsync(_read, 0, 1);
    }

    private SslStream Secure(Stream wire, CancellationToken patience)
    {
        SslStream secure = new(wire);
        secure.AuthenticateAsClientAsync(options.Security.For(options.Collector.Host), patience).GetAwaiter().GetResult();
        return secure;
    }

    private void Send(Span<byte> message)
    {
        IpfixMessages.WriteHeader(message, _sequence, options.Domain);
        _stream!.Write(message);
    }

    /// <summary>The kernel still holds the written bytes that were not confirmed.</summary>
    private void ForgetConfirmed()
    {
        bool isOpen = _socket is { SafeHandle.IsClosed: false } && _wire is not null;
        long confirmed = isOpen ? _wire!.Written - Libc.UnsentBytes(_socket!.SafeHandle) : 0;
        while (_unconfirmed.TryPeek(out (Parcel Parcel, long End) oldest) && oldest.End <= confirmed)
        {
            _unconfirmed.Dequeue();
        }
    }
}
