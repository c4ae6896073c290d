namespace XTrace.Exporter;

/// <summary>The receiver will never accept this parcel. It is given up, and the next one is tried.</summary>
internal sealed class ParcelRefusedException(string message) : Exception(message);
