using XTrace.Messages;

namespace XTrace.Exporter.Http;

/// <summary>Messages about servers.</summary>
internal static class HttpMessages
{
    internal static string NoAnswer => Speech.Say("服务器没有应答。", "The server does not answer.");

    internal static string WrongUrl(string option, string text) => Speech.Say(
        $"{option} 的值 '{text}' 不是网址：请使用例如 http://server:8428/api/v1/write。",
        $"{option} cannot be '{text}': give a URL, for example http://server:8428/api/v1/write.");

    internal static string SecretInUrl(string option, string auth) => Speech.Say(
        $"{option} 的网址中不能有用户和密码：别人能看到它。请把 USER:PASSWORD 写入文件，并使用 {auth}。",
        $"{option} may not have user and password in its URL, which others can see:"
        + $" write USER:PASSWORD into a file, and give it as {auth}.");

    internal static string NotOneLine(string file) => Speech.Say(
        $"{file} 必须恰好有一行：USER:PASSWORD，或令牌。", $"{file} must have one line: USER:PASSWORD, or a token.");

    internal static string Unreadable(string file) => Speech.Say($"无法读取凭据：{file}", $"Credentials cannot be read: {file}");
}
