namespace XTrace.Messages;

/// <summary>Why the live view cannot be shown.</summary>
internal static class LiveMessages
{
    internal static readonly Message NoTerminal = new("NoTerminal", XTraceErrorKind.InvalidState)
    {
        English = "The live view needs a terminal, and standard output is not one.",
        Chinese = "实时视图需要终端，而标准输出不是终端。",
        ForCmdlets = (
            "To process flows, use Get-FlowStat -Continuous.",
            "要处理流数据，请使用 Get-FlowStat -Continuous。"),
        ForCommandLine = ("To print lines, leave out --live.", "要按行输出，请去掉 --live。"),
    };

    internal static readonly Message DumbTerminal = new("NoTerminal", XTraceErrorKind.InvalidState)
    {
        English = "The live view needs a terminal that can move its cursor, and TERM names none. "
            + "Set TERM to what your terminal is, for example xterm.",
        Chinese = "实时视图需要能移动光标的终端，而 TERM 没有指明。请将 TERM 设为终端的类型，例如 xterm。",
    };

    internal static readonly Message NoKeyboard = new("NoTerminal", XTraceErrorKind.InvalidState)
    {
        English = "The live view reads keys from a terminal, and this process has none to read from.",
        Chinese = "实时视图从终端读取按键，而本进程没有可读取的终端。",
        ForCmdlets = (
            "To process flows, use Get-FlowStat -Continuous.",
            "要处理流数据，请使用 Get-FlowStat -Continuous。"),
        ForCommandLine = ("To print lines, leave out --live.", "要按行输出，请去掉 --live。"),
    };

    internal static readonly Message NotInJob = new("NoTerminal", XTraceErrorKind.InvalidState)
    {
        English = "The live view cannot run in a job or a remote session, because the terminal is not theirs.",
        Chinese = "实时视图不能在作业或远程会话中运行，因为终端不属于它们。",
        ForCmdlets = (
            "To process flows there, use Get-FlowStat -Continuous.",
            "要在其中处理流数据，请使用 Get-FlowStat -Continuous。"),
    };
}
