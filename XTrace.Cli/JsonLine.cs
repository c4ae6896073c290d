using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace XTrace.Cli;

/// <summary>
/// An object as one line of JSON: the properties that PowerShell shows, as ConvertTo-Json -EnumsAsStrings writes them,
/// with durations as <c>[d.]hh:mm:ss[.fffffff]</c>.
/// </summary>
internal static class JsonLine
{
    // The lines go to a terminal or a file, never into a web page, so nothing needs to be escaped for HTML.
    private static readonly JsonTypes s_types = new(
        new JsonSerializerOptions(JsonTypes.Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });

    internal static string Serialize(FlowStat flow) => JsonSerializer.Serialize(flow, s_types.FlowStat);

    internal static string Serialize(RdmaPort port) => JsonSerializer.Serialize(port, s_types.RdmaPort);

    internal static string Serialize(ListedInterface listed) => JsonSerializer.Serialize(listed, s_types.ListedInterface);

    internal static string Serialize(RdmaCounter counter) => JsonSerializer.Serialize(counter, s_types.RdmaCounter);

    internal static string Serialize(RdmaQueuePair pair) => JsonSerializer.Serialize(pair, s_types.RdmaQueuePair);
}

[JsonSourceGenerationOptions(UseStringEnumConverter = true)]
[JsonSerializable(typeof(FlowStat))]
[JsonSerializable(typeof(RdmaCounter))]
[JsonSerializable(typeof(RdmaQueuePair))]
[JsonSerializable(typeof(RdmaPort))]
[JsonSerializable(typeof(ListedInterface))]
internal sealed partial class JsonTypes : JsonSerializerContext;
