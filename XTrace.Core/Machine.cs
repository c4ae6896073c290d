using System.Runtime.InteropServices;

namespace XTrace;

/// <summary>The differences between the processors that XTrace runs on. All other constants are those of asm-generic.</summary>
/// <param name="Name">Its name in .NET's runtime identifiers, and the folder of its BPF objects.</param>
/// <param name="OpenDirectory">O_DIRECTORY, asm/fcntl.h.</param>
/// <param name="OpenNoFollow">O_NOFOLLOW, asm/fcntl.h.</param>
/// <param name="ListCall">SYS_getdents64, asm/unistd.h, which older C libraries do not wrap.</param>
internal sealed record Machine(string Name, int OpenDirectory, int OpenNoFollow, nint ListCall)
{
    internal static readonly Machine X64 = new("x64", 0x10000, 0x20000, 217);

    internal static readonly Machine Arm64 = new("arm64", 0x4000, 0x8000, 61);

    /// <summary>The one that this process runs on.</summary>
    /// <exception cref="PlatformNotSupportedException">It is neither.</exception>
    internal static Machine Current { get; } = RuntimeInformation.ProcessArchitecture switch
    {
        Architecture.X64 => X64,
        Architecture.Arm64 => Arm64,
        var other => throw new PlatformNotSupportedException($"XTrace runs on x64 and arm64, not on {other}."),
    };
}
