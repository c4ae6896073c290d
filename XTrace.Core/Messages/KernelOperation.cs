namespace XTrace.Messages;

/// <summary>Something that the kernel is asked to do, as it reads after "cannot".</summary>
internal readonly record struct KernelOperation(string English, string Chinese)
{
    internal static readonly KernelOperation DuplicateDescriptor = new("duplicate a descriptor", "复制描述符");
    internal static readonly KernelOperation QueryLink = new("ask about a BPF link", "查询 BPF link");
    internal static readonly KernelOperation DetachLink = new("detach a BPF link", "卸下 BPF link");
    internal static readonly KernelOperation DetachFilter = new("detach a clsact filter", "卸下 clsact 过滤器");
    internal static readonly KernelOperation OpenObject = new("open the BPF object", "打开 BPF 对象");
    internal static readonly KernelOperation LoadPrograms = new("load the BPF programs into the kernel", "将 BPF 程序加载到内核");
    internal static readonly KernelOperation ReadRing = new("read a ring buffer", "读取环形缓冲区");
    internal static readonly KernelOperation QueryProgram = new("ask for a program's id", "查询程序的 id");
    internal static readonly KernelOperation RunProgram = new("run a BPF program on a packet", "在数据包上运行 BPF 程序");
    internal static readonly KernelOperation ReadMap = new("read a BPF map", "读取 BPF map");
    internal static readonly KernelOperation WriteMeta = new("write a monitor's description", "写入监控的描述");
    internal static readonly KernelOperation GetRandom = new("get random numbers", "获取随机数");
    internal static readonly KernelOperation OpenNetlink = new("open a netlink socket", "打开 netlink 套接字");
    internal static readonly KernelOperation AskNetlink = new("ask the kernel through netlink", "通过 netlink 询问内核");
    internal static readonly KernelOperation ReadNetlink = new("read the kernel's answer through netlink", "通过 netlink 读取内核的回答");
    internal static readonly KernelOperation AttachQueryProgram = new("attach a program to ib_query_qp", "将程序挂载到 ib_query_qp");

    internal static readonly KernelOperation WalkSockets = new("walk the sockets of processes", "遍历进程的套接字");
    internal static readonly KernelOperation WatchConnections = new("watch connections begin and end", "观察连接的建立与结束");

    internal static KernelOperation OpenPin(string path) => new($"open the pin {path}", $"打开固定文件 {path}");

    internal static KernelOperation Pin(string path) => new($"pin {path}", $"固定 {path}");

    internal static KernelOperation Open(string path) => new($"open {path}", $"打开 {path}");

    internal static KernelOperation Read(string path) => new($"read {path}", $"读取 {path}");

    internal static KernelOperation MakeFolder(string path) => new($"make the folder {path}", $"创建目录 {path}");

    internal static KernelOperation Find(string path) => new($"look for {path}", $"查找 {path}");

    internal static KernelOperation Lock(string path) => new($"lock {path}", $"锁定 {path}");

    internal static KernelOperation NameInterface(int index) => new($"ask for the name of interface {index}", $"查询接口 {index} 的名称");

    internal static KernelOperation Remove(string path) => new($"remove {path}", $"删除 {path}");

    internal static KernelOperation MapMemory(long bytes) => new($"map {bytes} bytes of a monitor into memory", $"将监控的 {bytes} 字节映射到内存");

    internal static KernelOperation MakeTable(long slots) => new($"make a table of {slots} slots", $"创建 {slots} 个槽位的表");

    internal static KernelOperation Configure(string part) => new($"set up {part} of the BPF object", $"设置 BPF 对象的 {part}");

    internal static KernelOperation Attach(string hook, string name) => new($"attach {hook} to {name}", $"将 {hook} 挂载到 {name}");

    internal static KernelOperation AddQdisc(string name) => new($"add the clsact qdisc to {name}", $"为 {name} 添加 clsact qdisc");

    internal static KernelOperation ListPrograms(string hook, int index) =>
        new($"ask interface {index} for its {hook} programs", $"查询接口 {index} 的 {hook} 程序");

    public override string ToString() => Speech.IsChinese ? Chinese : English;
}
