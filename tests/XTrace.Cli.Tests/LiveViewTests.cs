using XTrace.Testbed;

namespace XTrace.Cli.Tests;

/// <summary>The live view on a terminal.</summary>
[Trait("Category", "Privileged")]
public sealed class LiveViewTests : IDisposable
{
    private readonly VethPair _pair = new();

    public void Dispose() => _pair.Dispose();

    [Fact]
    public void Both_directions_are_one_row_with_process_and_round_trip_time()
    {
        _pair.AddAddresses();
        using Peer server = Peer.In(_pair.Namespace!, "listen", VethPair.Address, "5000");
        using TmuxPane pane = Start("-t 500 -f tcp", 120, 30);
        pane.WaitFor("Flows: 0, conversations: 0");
        pane.WaitFor($"^XTrace {_pair.Interface}  TrafficType TCP ");
        using Peer client = Peer.In(_pair.PeerNamespace, "connect", VethPair.Address, "5000", "1", "5000");
        pane.WaitFor(@"^Flows: 2, conversations: 1");
        string row = pane.WaitFor(@"^10\.7\.7\.1:5000 +10\.7\.7\.2:\d+ +TCP +");
        Assert.Matches(@" peer +.*\d+(\.\d+)?ms +0$", row);
        Assert.Matches(@"^In +\d.*bit/s +\d+ p/s +[\d.]+ (Ki)?B", pane.WaitFor("^In"));
        Assert.Matches(@"^Out +\d.*bit/s +\d+ p/s +[\d.]+ (Ki)?B", pane.WaitFor("^Out"));
        pane.Type("Enter");
        pane.WaitFor($@"^ProcessId +{server.Id}$");
        pane.WaitFor("^Direction +(In|E)gress$");
    }

    [Fact]
    public void Rows_are_filtered_while_typing()
    {
        using TmuxPane pane = StartWithFlows();
        pane.Type("/", "1", "0", ".", "3");
        pane.WaitFor(@"Filter: 10\.3 \(matches: 1\)");
        Assert.Equal(["10.9.9.9:2000"], Locals(pane));
        pane.Type("BSpace", "2");
        pane.WaitUntil(_ => Locals(pane) is ["10.9.9.9:2000"] && pane.Lines[^1].StartsWith("Filter: 10.2", StringComparison.Ordinal));
        pane.Type("Enter");
        pane.WaitFor(@"10\.2\.2\.2:1000");
        pane.Type("Escape");
        pane.WaitUntil(lines => Locals(pane).Length == 3 && !lines.Any(line => line.Contains("Filter:", StringComparison.Ordinal)));
        pane.Type("f", "UDP", "Space", "1000", "Enter");
        pane.WaitFor(@"\(matches: 3\)");
        pane.Type("F4", "C-u", "nothing", "Enter");
        pane.WaitFor("No row matches the filter");
    }

    [Fact]
    public void Rows_are_sorted_and_reversed_by_any_key_for_it()
    {
        using TmuxPane pane = StartWithFlows();
        pane.Type("s");
        pane.WaitFor("^Sort by");
        pane.Type("Down", "Down", "Down", "Down", "Enter");
        pane.WaitUntil(_ => Remotes(pane).SequenceEqual(["10.3.3.3:1000", "10.2.2.2:1000", "10.1.1.1:1000"]), "by bytes");
        foreach (string key in new[] { "r", "R", "I" })
        {
            pane.Type(key);
            string first = key == "R" ? "10.3.3.3:1000" : "10.1.1.1:1000";
            pane.WaitUntil(_ => Remotes(pane) is [var remote, ..] && remote == first, $"{key}: {first} first");
        }
        pane.Type(">");
        pane.WaitFor(@"Pkt/s↑");
        pane.Type("<", "<");
        pane.WaitFor(@"Mean↑");
        pane.Type("F6");
        pane.WaitFor("^Sort by");
        pane.Type("Escape");
        pane.WaitFor("Mean↑");
    }

    [Fact]
    public void A_row_is_selected_and_shows_all_that_is_known_of_it()
    {
        using TmuxPane pane = StartWithFlows();
        pane.Type("s", "Down", "Down", "Down", "Down", "Enter", "Down", "j", "k", "End", "Home", "PageDown", "PageUp", "Down", "Enter");
        pane.WaitFor(@"^Source +10\.2\.2\.2:1000$");
        pane.WaitFor("^Packets +20$");
        pane.Type("q");
        pane.WaitFor("^Local ");
        pane.Type("Down", "Enter");
        pane.WaitFor(@"^Source +10\.1\.1\.1:1000$");
    }

    [Fact]
    public void It_pauses_and_goes_on()
    {
        using TmuxPane pane = StartWithFlows();
        foreach (string key in new[] { "p", "Space" })
        {
            pane.Type(key);
            pane.WaitFor("PAUSED");
            string counts = pane.WaitFor("Flows:");
            _pair.Send(Frames.Udp4($"10.8.8.{key.Length}", 1000, "10.9.9.9", 2000));
            string time = pane.Lines[0][^8..];
            Thread.Sleep(1000);
            Assert.Equal((counts, time), (pane.WaitFor("Flows:"), pane.Lines[0][^8..]));
            pane.Type(key);
            pane.WaitFor($@"10\.8\.8\.{key.Length}:1000");
            Assert.DoesNotContain("PAUSED", pane.Lines[0], StringComparison.Ordinal);
        }
    }

    [Fact]
    public void The_interval_is_set_and_changed()
    {
        using TmuxPane pane = Start("-t 1000");
        pane.WaitFor("every 1 s");
        pane.Type("d", "0", ".", "4", "Enter");
        pane.WaitFor(@"every 0\.4 s");
        pane.Type("+");
        pane.WaitFor(@"every 0\.8 s");
        pane.Type("-", "-");
        pane.WaitFor(@"every 0\.2 s");
        pane.Type("d", "9", "9", "9", "9", "Enter");
        pane.WaitFor("The interval cannot be '9999'");
        pane.Type("d", "5", "Escape");
        pane.WaitFor(@"every 0\.2 s");
    }

    [Fact]
    public void Other_interfaces_are_chosen_and_watched()
    {
        _pair.AddQuietInterface("second");
        using TmuxPane pane = StartWithFlows();
        pane.Type("i");
        pane.WaitFor($@"\[x\] {_pair.Interface}$");
        int rows = pane.Lines.Count(line => line.StartsWith('['));
        // Off with all that are on; nothing at all is refused.
        pane.Type([.. Enumerable.Repeat("Down", Index(pane, _pair.Interface)), "Space", "Enter"]);
        pane.WaitFor("Choose one interface at least");
        pane.Type("i");
        pane.WaitFor("^Interfaces to watch");
        pane.Type([.. Enumerable.Repeat("Down", Index(pane, _pair.Interface)), "Space"]);
        pane.Type([.. Enumerable.Repeat("Up", rows), .. Enumerable.Repeat("Down", Index(pane, "second")), "Space", "Enter"]);
        pane.WaitFor("^XTrace second ");
        pane.WaitFor("Flows: 0, conversations: 0");
        Assert.Equal(["second"], _pair.Run(AttachedPrograms.Interfaces));
    }

    [Fact]
    public void Help_is_there_and_pages_change()
    {
        using TmuxPane pane = Start("-t 500");
        pane.WaitFor("^Local ");
        foreach (string key in new[] { "h", "?", "F1" })
        {
            pane.Type(key);
            pane.WaitFor("^Keys");
            pane.Type("Escape");
            pane.WaitFor("^Local ");
        }
        (string Key, string Title)[] views =
        [
            ("2", "^XTrace RDMA ports"), ("3", "^XTrace Queue pairs"), ("Tab", "^XTrace xtw"), ("BTab", "^XTrace Queue"),
            ("1", "^XTrace xtw"),
        ];
        foreach ((string key, string title) in views)
        {
            pane.Type(key);
            pane.WaitFor(title);
        }
    }

    [Fact]
    public void It_fits_every_size_while_it_runs()
    {
        using TmuxPane pane = StartWithFlows();
        foreach ((int width, int height) in new[] { (300, 100), (40, 10), (12, 3), (200, 24), (80, 24) })
        {
            pane.Resize(width, height);
            pane.WaitUntil(
                lines => lines.Length == height && lines[0].Length == width && lines[0].StartsWith("XTrace", StringComparison.Ordinal),
                $"{width} x {height}");
            if (width >= 40)
            {
                pane.WaitFor(@"^10\.9\.9\.9");
            }
        }
        pane.Resize(300, 100);
        pane.WaitFor("Container/unit");
    }

    [Fact]
    [Trait("Category", "Slow")]
    public void It_shows_65536_flows()
    {
        // So large that no bucket of the table overflows, even if one CPU gets all flows.
        using TmuxPane pane = Start("-t 1000 --max-flow 524288");
        pane.WaitFor("Flows: 0, conversations: 0");
        for (int i = 0; i < 65536; i++)
        {
            _pair.Send(Frames.Udp4($"10.1.{i >> 8}.{i & 255}", 1000, "10.9.9.9", 2000));
        }
        pane.WaitFor("^Flows: 65,536, conversations: 65,536");
        _pair.Send(Frames.Udp4("10.1.200.123", 1000, "10.9.9.9", 2000, 1000), 100);
        pane.WaitUntil(_ => Remotes(pane) is ["10.1.200.123:1000", ..], "the busiest first");
        pane.Type("/", "10.1.77.7:");
        pane.WaitFor(@"\(matches: 1\)");
    }

    [Fact]
    public void What_made_room_is_said()
    {
        using TmuxPane pane = Start("-t 500 --max-flow 8");
        pane.WaitFor("Flows: 0, conversations: 0");
        for (int i = 0; i < 2000; i++)
        {
            _pair.Send(Frames.Udp4($"10.1.{i >> 8}.{i & 255}", 1000, "10.9.9.9", 2000));
        }
        pane.WaitFor(@"^flows with [\d,]+ packets made room");
    }

    [Theory]
    [InlineData("C", "^Local +Remote", @"^[\x20-\x7e]*$")]
    [InlineData("zh_CN.UTF-8", "^本端 +对端", ".*")]
    [InlineData("zh_CN.GB18030", "^Local +Remote", @"^[\x20-\x7e]*$")]
    public void It_speaks_the_language_and_the_characters_of_the_locale(string locale, string titles, string characters)
    {
        using TmuxPane pane = StartWithFlows(("LANG", locale));
        pane.WaitFor(titles);
        Assert.All(pane.Lines, line => Assert.Matches(characters, line));
        // Double-width characters leave each column where it is.
        Assert.All(
            pane.Lines.Where(line => line.StartsWith("10.9.9.9", StringComparison.Ordinal)),
            line => Assert.Equal(16, line.IndexOf("10.", 9, StringComparison.Ordinal)));
        pane.Type("h");
        pane.WaitFor(locale.EndsWith("UTF-8", StringComparison.Ordinal) ? "^按键" : "^Keys");
    }

    [Theory]
    [InlineData("", true)]
    [InlineData("1", false)]
    public void Colours_can_be_switched_off(string value, bool hasColours)
    {
        using TmuxPane pane = StartWithFlows(("NO_COLOR", value));
        Assert.Equal(hasColours, System.Text.RegularExpressions.Regex.IsMatch(pane.Colours, @"\e\[([\d;]*;)?(3[0-7]|9[0-7])(;[\d;]*)?m"));
    }

    private TmuxPane Start(string arguments, int width = 80, int height = 24, params (string, string)[] environment) =>
        new(_pair, TmuxPane.Live($"-i {_pair.Interface} {arguments}"), width, height, environment);

    /// <summary>Three flows are there, of 10, 20 and 30 frames.</summary>
    private TmuxPane StartWithFlows(params (string, string)[] environment)
    {
        TmuxPane pane = Start("-t 300", 80, 24, environment);
        pane.WaitUntil(
            lines => lines[0].StartsWith("XTrace", StringComparison.Ordinal)
                && lines.Length > 4
                && lines[0].Contains(':', StringComparison.Ordinal),
            "the first sample");
        for (int i = 1; i <= 3; i++)
        {
            _pair.Send(Frames.Udp4($"10.{i}.{i}.{i}", 1000, "10.9.9.9", 2000), 10 * i);
        }
        pane.WaitUntil(_ => Locals(pane).Length == 3, "three flows");
        return pane;
    }

    private static string[] Locals(TmuxPane pane) => [.. Rows(pane).Select(words => words[0])];

    private static string[] Remotes(TmuxPane pane) => [.. Rows(pane).Select(words => words[1])];

    private static IEnumerable<string[]> Rows(TmuxPane pane) => pane.Lines
        .Where(line => line.StartsWith("10.", StringComparison.Ordinal))
        .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries));

    /// <summary>The place of an interface in the menu, from 0.</summary>
    private static int Index(TmuxPane pane, string name) =>
        pane.Lines.Where(line => line.StartsWith('[')).ToList().FindIndex(line => line[4..] == name);
}
