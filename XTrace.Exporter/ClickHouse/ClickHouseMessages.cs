using XTrace.Messages;

namespace XTrace.Exporter.ClickHouse;

/// <summary>Messages about ClickHouse.</summary>
internal static class ClickHouseMessages
{
    internal static string UrlOption => Speech.Say(
        "把流记录写入 ClickHouse: http://HOST:8123, https://HOST:8443",
        "insert flow records: http://HOST:8123, https://HOST:8443");

    internal static string TableOption => Speech.Say(
        "表（默认 xtrace.flows，见 deploy/clickhouse）",
        "table (default xtrace.flows, see deploy/clickhouse)");

    internal static string AuthOption => Speech.Say("存放 USER:PASSWORD 的文件", "file with USER:PASSWORD");

    internal static string BatchOption => Speech.Say("每隔这么多秒写入一次（默认 10）", "seconds between inserts (default 10)");

    internal static string NoUrl => Speech.Say("--clickhouse 没有给出网址。", "--clickhouse names no URL.");

    internal static string WrongTable(string text) => Speech.Say(
        $"--clickhouse-table 的值 '{text}' 无效：请给出 数据库.表，由字母、数字和下划线组成。",
        $"--clickhouse-table cannot be '{text}': give DATABASE.TABLE, with letters, digits and underscores.");
}
