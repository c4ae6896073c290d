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

    internal static string Of(FlowStat flow) => JsonSerializer.Serialize(flow, s_types.FlowStat);

    internal static string Of(RdmaPort port) => JsonSerializer.Serialize(port, s_types.RdmaPort);

    internal static string Of(ListedInterface one) => JsonSerializer.Serialize(one, s_types.ListedInterface);

    internal static string Of(RdmaCounter counter) => JsonSerializer.Serialize(counter, s_types.RdmaCounter);

    internal static string Of(RdmaQueuePair one) => JsonSerializer.Serialize(one, s_types.RdmaQueuePair);
}

[JsonSourceGenerationOptions(UseStringEnumConverter = true)]
[JsonSerializable(typeof(FlowStat))]
[JsonSerializable(typeof(RdmaCounter))]
[JsonSerializable(typeof(RdmaQueuePair))]
[JsonSerializable(typeof(RdmaPort))]
[JsonSerializable(typeof(ListedInterface))]
internal sealed partial class JsonTypes : JsonSerializerContext;
