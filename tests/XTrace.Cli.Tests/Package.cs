
namespace XTrace.Cli.Tests;

/// <summary>The Debian package: made in a copy of the tree, then installed, run and removed in a root of its own.</summary>
public sealed class Package : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("xtrace-package-").FullName;

    public Package()
    {
        const string CopyTree = "mkdir \"$2/tree\" \"$2/seen\"; "
            + "tar -C \"$1\" --exclude=.git --exclude='tests/*/bin' --exclude='tests/*/obj' -c . | tar -C \"$2/tree\" -x";
        Command.Run("bash", "-c", CopyTree, "bash", Repository.Root, _folder);
        (int code, string output, string error) = Repository.Run("make", "--no-print-directory", "-C", Tree, "deb");
        Assert.True(code == 0, output + error);
        File = Assert.Single(Directory.GetFiles(Path.Combine(Tree, "out"), $"*_{Command.Run("dpkg", "--print-architecture").Trim()}.deb"));
        (code, output, error) = Repository.Run("bash", "tests/XTrace.Cli.Tests/package.sh", File, Path.Combine(_folder, "seen"));
        Assert.True(code == 0, output + error + Seen("apt.log"));
    }

    /// <summary>The copy that it was made in.</summary>
    internal string Tree => Path.Combine(_folder, "tree");

    internal string File { get; }

    /// <summary>What package.sh saw.</summary>
    internal string Seen(string what) => System.IO.File.ReadAllText(Path.Combine(_folder, "seen", what));

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
