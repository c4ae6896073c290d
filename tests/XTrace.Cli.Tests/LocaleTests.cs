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
}
