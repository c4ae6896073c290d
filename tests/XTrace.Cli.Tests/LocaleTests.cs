
namespace XTrace.Cli.Tests;

public class LocaleTests
{
    [Theory]
    [InlineData("LANG", "zh_CN.UTF-8", "用法")]
    [InlineData("LC_ALL", "zh_TW", "用法")]
    [InlineData("LANG", "en_US.UTF-8", "Usage")]
    [InlineData("LANG", "C", "Usage")]
    public void Help_follows_the_locale(string name, string value, string word)
    {
        using CatchProcess run = new(null, "--help", (name, value));
        (int code, string output, _) = run.End();
        Assert.Equal(0, code);
        Assert.Contains(word, output, StringComparison.Ordinal);
    }

    [Fact]
    public void The_first_variable_that_is_set_decides()
    {
        using CatchProcess run = new(null, "-h", ("LC_ALL", "en_US.UTF-8"), ("LANG", "zh_CN.UTF-8"));
        Assert.Contains("Usage", run.End().Output, StringComparison.Ordinal);
    }

    [Theory]
    [Trait("Category", "Privileged")]
    [InlineData("C", "Preparing to monitor network interface: {0}")]
    [InlineData("zh_CN.UTF-8", "准备监控网络接口: {0}")]
    public void It_says_what_it_prepares_and_what_is_loaded(string locale, string preparing)
    {
        using VethPair pair = new();
        using CatchProcess run = new(pair, $"-i {pair.Interface}", ("LANG", locale));
        Assert.Equal(string.Format(null, preparing, pair.Interface), run.ReadLine());
        Assert.Equal($"TC program loaded on {pair.Interface}", run.ReadLine());
    }

    [Theory]
    [Trait("Category", "Privileged")]
    [InlineData("-i nosuch0", 1, "没有网络接口“nosuch0”。现有接口：lo, {0}。\n")]
    [InlineData("-t 99", 2, "间隔 '99' 无效：请给出 100 到 3600000 之间的毫秒数。 请运行 'xtrace-catch --help' 查看用法。\n")]
    public void Errors_follow_it(string arguments, int exitCode, string message)
    {
        using VethPair pair = new();
        using CatchProcess run = new(pair, arguments, ("LANG", "zh_CN.UTF-8"));
        Assert.Equal((exitCode, "", "xtrace-catch: " + string.Format(null, message, pair.Interface)), run.End());
    }
}
