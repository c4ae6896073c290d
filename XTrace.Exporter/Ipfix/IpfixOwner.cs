using System.Text;
using XTrace.Sessions;

namespace XTrace.Exporter.Ipfix;

/// <summary>The process and the container of a flow, as its record has them; without bytes where they are not known.</summary>
internal readonly struct IpfixOwner
{
    private const int Longest = 254; // of a length in one byte

    private readonly RecordOwner? _owner;
    private readonly int _name;
    private readonly int _container;

    private IpfixOwner(RecordOwner owner)
    {
        _owner = owner;
        (_name, _container) = (LengthOf(owner.ProcessName), LengthOf(owner.Container));
    }

    /// <summary>The bytes of fields with a length of their own.</summary>
    internal int Length => _name + _container;

    /// <summary>RoCE has no sockets, so that its templates have no place for it.</summary>
    internal static IpfixOwner From(in FlowRecord record) => record.Owner is { } owner ? new IpfixOwner(owner) : default;

    internal void Write(ref IpfixWriter writer)
    {
        if (_owner is { } owner)
        {
            writer.Write32((uint)owner.ProcessId);
            writer.Write8((byte)_name);
            writer.Write(owner.ProcessName, _name);
            writer.Write8((byte)_container);
            writer.Write(owner.Container, _container);
        }
    }

    private static int LengthOf(string text) => Math.Min(Longest, Encoding.UTF8.GetByteCount(text));
}
