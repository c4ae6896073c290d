namespace XTrace.Exporter;

/// <summary>Whoever a parcel is for will never take it. It is given up, and the next one is tried.</summary>
internal sealed class ParcelRefusedException(string message) : Exception(message);
