using System.Text.RegularExpressions;

namespace XTrace.Cli.Tests;

/// <summary>The man page is well formed, and says what --help says.</summary>
public class ManualTests
{
    private const string Page = "XTrace.Cli/xtrace-catch.1";
    private const int TagColumn = 5;

    [Theory]
    [InlineData("mandoc", "-T", "lint", "-W", "warning", Page)]
    [InlineData("man", "--warnings", "--encoding=UTF-8", "--local-file", Page)]
    [InlineData("lexgrog", Page)]
    public void It_is_well_formed(string program, params string[] arguments)
    {
        (int code, string output, string error) = Repository.Run(program, arguments);
        Assert.Equal((0, ""), (code, error));
        Assert.True(program != "mandoc" || output.Length == 0, output);
    }

    [Fact]
    public void Its_options_are_those_of_the_help_in_the_same_words()
    {
        (string Option, string Text)[] help = [.. Help("Options:").Select(line => (line[2..34].TrimEnd(), line[35..]))];
        Assert.True(help.Length >= 13);
        (string Option, string Text)[] page = [.. Tagged("OPTIONS")];
        Assert.Equal(help.Select(entry => entry.Option), page.Select(entry => entry.Option));
        foreach (((string option, string text), (_, string inPage)) in help.Zip(page))
        {
            Assert.True(
                inPage.StartsWith($"{text}.", StringComparison.OrdinalIgnoreCase),
                $"{option}: '{text}' in the help, '{inPage}' in the man page");
        }
    }

    [Fact]
    public void It_has_the_help_s_variables_output_and_exit_codes()
    {
        string page = Words(string.Join(' ', Render()));
        string[] variables = [.. Help("Environment (options come first):").Select(line => line.Trim().Split(' ')[0])];
        Assert.Equal(["NETWORK_INTERFACE", "MONITOR_MODE", "NCCL_IB_HCA"], variables);
        Assert.Equal([.. variables, "XTRACE_SYSFS_ROOT"], Tagged("ENVIRONMENT").Select(entry => entry.Option));
        Assert.Contains(Help("Output: a line for each flow, counted since the monitor started:")[0].Trim(), page, StringComparison.Ordinal);
        IEnumerable<string> exitCodes = HelpLines()
            .SkipWhile(line => !line.StartsWith("Exit code: ", StringComparison.Ordinal))
            .TakeWhile(line => !line.StartsWith("Mode ", StringComparison.Ordinal));
        string exit = Words(string.Join('\n', exitCodes));
        Assert.Contains(exit["Exit code: ".Length..], page, StringComparison.Ordinal);
    }

    private static string[] HelpLines() => Repository.Run(Repository.PathOf("out/xtrace-catch"), "--help").Output.Split('\n');

    /// <summary>The indented lines of the help after a heading.</summary>
    private static string[] Help(string heading) =>
    [
        .. HelpLines().SkipWhile(line => line != heading).Skip(1)
            .TakeWhile(line => line.StartsWith("  ", StringComparison.Ordinal)),
    ];

    /// <summary>The page as people read it, a paragraph a line.</summary>
    private static string[] Render()
    {
        (int code, string output, string error) = Repository.Run("env", "LC_ALL=C.UTF-8", "mandoc", "-T", "utf8", "-O", "width=500", Page);
        Assert.Equal((0, ""), (code, error));
        // Bold and underlined characters are struck over.
        return [.. Regex.Replace(output, ".\b", "").Split('\n')];
    }

    /// <summary>The items of a section: what stands at the margin, and the text that is indented below or beside it.</summary>
    private static IEnumerable<(string Option, string Text)> Tagged(string section)
    {
        string? tag = null;
        List<string> text = [];
        IEnumerable<string> lines = Render().SkipWhile(line => line != section).Skip(1)
            .TakeWhile(line => line.Length == 0 || line[0] == ' ');
        foreach (string line in lines.Append(new string(' ', TagColumn) + "x"))
        {
            bool startsItem = line.Length > TagColumn && line[TagColumn] != ' ';
            if (startsItem && tag is not null)
            {
                yield return (tag, Words(string.Join(' ', text)));
                text.Clear();
                tag = null;
            }
            if (startsItem
                && Regex.Match(line, @"^ {5}((?:-\S+|[A-Z_]{6,})(?:(?<=,) \S+| [A-Z][^ ]*)*)(?:  +(.*))?$") is { Success: true } item)
            {
                tag = item.Groups[1].Value;
                text.Add(item.Groups[2].Value);
            }
            else if (!startsItem)
            {
                text.Add(line);
            }
        }
    }

    private static string Words(string text) => Regex.Replace(text, @"\s+", " ").Trim();
}
