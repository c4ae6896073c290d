
namespace XTrace.Cli.Tests;

/// <summary>--verbose says on standard error what the cmdlets' -Verbose says.</summary>
[Trait("Category", "Privileged")]
public sealed class VerboseTests : IDisposable
{
    private readonly VethPair _pair = new();

    [Theory]
    [InlineData(
        "C",
        "{0}: veth is virtual, and native XDP would slow down its traffic. TC comes first.",
        "A table for 1000 flows takes ",
        "{0}: attached to ")]
    [InlineData("zh_CN.UTF-8", "{0}：veth 是虚拟接口，native XDP 会拖慢其流量，因此优先使用 TC。", "容纳 1000 个流的表占用 ", "{0}：已挂载到 ")]
    public void It_says_why_and_how_much(string locale, string hook, string table, string attached)
    {
        using CatchProcess run = new(_pair, $"-i {_pair.Interface} -t 100 --once --max-flow 1000 --verbose", ("LANG", locale));
        (int code, string output, string error) = run.End();
        Assert.Equal(0, code);
        string[] expected =
            [.. new[] { hook, table, attached }.Select(text => $"xtrace-catch: {string.Format(null, text, _pair.Interface)}")];
        string[] lines = error.TrimEnd().Split('\n');
        Assert.Equal(expected.Length, lines.Length);
        Assert.All(expected.Zip(lines), pair => Assert.StartsWith(pair.First, pair.Second, StringComparison.Ordinal));
        Assert.Contains($"TC program loaded on {_pair.Interface}\n", output, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_it_nothing_is_said()
    {
        using CatchProcess run = new(_pair, $"-i {_pair.Interface} -t 100 --once");
        Assert.Equal("", run.End().Error);
    }

    public void Dispose() => _pair.Dispose();
}
