namespace XTrace.Messages;

/// <summary>Messages about a filter that was written as a hashtable.</summary>
internal static class FilterMessages
{
    internal static readonly Message NoTable = new("InvalidFilter", XTraceErrorKind.InvalidArgument)
    {
        English = "A filter is a hashtable, and not '{0}'. Write for example -Filter @{{ TrafficType = 'TCP'; Port = 443 }}.",
        Chinese = "过滤器是哈希表，而不是“{0}”。请写成例如 -Filter @{{ TrafficType = 'TCP'; Port = 443 }}。",
    };

    internal static readonly Message UnknownKey = new("InvalidFilter", XTraceErrorKind.InvalidArgument)
    {
        English = "A filter has no '{0}'. Use {1}, as in @{{ TrafficType = 'TCP'; Port = 443 }}.",
        Chinese = "过滤器没有“{0}”。请使用 {1}，例如 @{{ TrafficType = 'TCP'; Port = 443 }}。",
    };

    internal static readonly Message WrongTrafficType = new("InvalidFilter", XTraceErrorKind.InvalidArgument)
    {
        English = "The filter's TrafficType cannot be '{0}': use {1}.",
        Chinese = "过滤器的 TrafficType 不能是“{0}”：请使用 {1}。",
    };

    internal static readonly Message WrongProtocol = new("InvalidFilter", XTraceErrorKind.InvalidArgument)
    {
        English = "The filter's Protocol cannot be '{0}': use a number from 0 to 255, or {1}.",
        Chinese = "过滤器的 Protocol 不能是“{0}”：请使用 0 到 255 之间的数，或 {1}。",
    };

    internal static readonly Message WrongPort = new("InvalidFilter", XTraceErrorKind.InvalidArgument)
    {
        English = "The filter's Port cannot be '{0}': use numbers from 0 to 65535.",
        Chinese = "过滤器的 Port 不能是“{0}”：请使用 0 到 65535 之间的数。",
    };

    internal static readonly Message WrongExcludeDns = new("InvalidFilter", XTraceErrorKind.InvalidArgument)
    {
        English = "The filter's ExcludeDns cannot be '{0}': use $true or $false.",
        Chinese = "过滤器的 ExcludeDns 不能是“{0}”：请使用 $true 或 $false。",
    };
}
