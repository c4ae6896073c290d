using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace XTrace.Exporter.Ipfix;

/// <summary>
/// Sends messages as datagrams (RFC 7011 10.3). Templates go first, and again each time that they may be lost. Datagrams are sent
/// at a pace that a collector with the usual receive buffer can follow.
/// </summary>
internal sealed class IpfixOverUdp(IpfixOptions options) : IDelivery
{
    /// <summary>Datagrams that are sent before a pause of a millisecond. Linux gives a receiver room for about 90 of this size.</summary>
    private const int Burst = 8;

    /// <summary>Milliseconds that a collector's host has to say that nobody listens, where that was so before.</summary>
    private const int Patience = 500;

    private readonly byte[] _templates =
        [.. new byte[IpfixMessages.HeaderLength], .. IpfixTemplate.DescribeAll(options.Enterprise, options.Owners)];
    private Socket? _socket;
    private long _templatesSent;
    private uint _sequence;
    private int _burst;
    private bool _isDoubtful;

    public void Deliver(in Parcel parcel)
    {
        try
        {
            if (_socket is null || Stopwatch.GetElapsedTime(_templatesSent) >= options.Refresh)
            {
                Begin();
            }
            Send(parcel.Content.Span);
            _sequence += (uint)parcel.Items;
        }
        catch (SocketException error)
        {
            Dispose();
            _isDoubtful = true;
            throw new IOException(error.Message, error);
        }
    }

    public IReadOnlyList<Parcel> TakeBack() => [];

    public void Close(TimeSpan patience) => Dispose();

    public void Dispose()
    {
        _socket?.Dispose();
        (_socket, _templatesSent) = (null, 0);
    }

    /// <summary>
    /// Sends templates, to where the collector's name leads now. After an error, no records follow before the collector's host has had
    /// time to say that still nobody listens.
    /// </summary>
    private void Begin()
    {
        if (_socket is null || HasMoved(_socket))
        {
            _socket?.Dispose();
            _socket = Connect();
        }
        Send(_templates);
        if (_isDoubtful)
        {
            _socket.Poll(Patience * 1000, SelectMode.SelectError);
            ThrowPending();
            _isDoubtful = false;
        }
        _templatesSent = Stopwatch.GetTimestamp();
    }

    /// <summary>Whether the collector's name no longer stands for the address that is sent to.</summary>
    private bool HasMoved(Socket socket)
    {
        try
        {
            IPAddress current = ((IPEndPoint)socket.RemoteEndPoint!).Address.MapToIPv6();
            return !Dns.GetHostAddresses(options.Collector.Host).Any(address => address.MapToIPv6().Equals(current));
        }
        catch (SocketException)
        {
            // Nobody knows the name at the moment. The collector may still be there.
            return false;
        }
    }

    private Socket Connect()
    {
        Socket socket = new(SocketType.Dgram, ProtocolType.Udp);
        try
        {
            socket.Connect(options.Collector.Host, options.Collector.Port);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private void Send(Span<byte> message)
    {
        if (++_burst % Burst == 0)
        {
            Thread.Sleep(1);
        }
        IpfixMessages.WriteHeader(message, _sequence, options.Domain);
        _socket!.Send(message);
        ThrowPending();
    }

    /// <summary>An error that nobody listens usually concerns the datagram before. An error at once concerns this one.</summary>
    private void ThrowPending()
    {
        if (_socket!.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.Error) is int and not 0 and var error)
        {
            throw new SocketException(error);
        }
    }
}
