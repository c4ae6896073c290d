namespace XTrace.Exporter.Http;

/// <summary>Hands parcels over as requests of HTTP or HTTPS.</summary>
/// <param name="url">The server.</param>
/// <param name="access">Who asks, and over what.</param>
/// <param name="ask">Makes the request of a parcel.</param>
internal sealed class HttpDelivery(Uri url, HttpAccess access, Func<Parcel, HttpRequestMessage> ask) : IDelivery
{
    private readonly HttpService _service = new(url, access);

    public void Deliver(in Parcel parcel)
    {
        using HttpRequestMessage request = ask(parcel);
        _service.Send(request);
    }

    public IReadOnlyList<Parcel> TakeBack() => [];

    /// <summary>An answer has come to all that was delivered.</summary>
    public void Close(TimeSpan patience) => Dispose();

    public void Dispose() => _service.Dispose();
}
