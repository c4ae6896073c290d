using System.Text;
using XTrace.Live;

namespace XTrace.Tests;

/// <summary>Cells, widths, tables and keys of the live view.</summary>
public sealed class LiveScreenTests
{
    [Theory]
    [InlineData("abc", 3)]
    [InlineData("本端", 4)]
    [InlineData("e\u0301", 1)]
    [InlineData("한글", 4)]
    [InlineData("\U0001f600", 2)]
    [InlineData("ｆｕｌｌ", 8)]
    [InlineData("▁…→µ", 4)]
    public void Characters_have_the_width_of_a_terminal(string text, int width) => Assert.Equal(width, CellWidth.Measure(text));

    [Fact]
    public void Text_is_cut_at_its_width_and_at_the_edge()
    {
        Screen screen = Make(10, 2);
        Assert.Equal(5, screen.Put(0, 0, "abcdefgh", Ink.Plain, 5));
        Assert.Equal("abcd…", screen.RowText(0));
        screen.Put(7, 1, "xyzzy");
        Assert.Equal("       xy…", screen.RowText(1));
        Assert.Equal(0, screen.Put(10, 0, "a"));
        Assert.Equal(0, screen.Put(0, 2, "a"));
        Assert.Equal(0, screen.Put(0, -1, "a"));
    }

    [Theory]
    [InlineData(4, "中文", "中文")]
    [InlineData(3, "中文", "中…")]
    [InlineData(2, "中文", "…")]
    [InlineData(5, "中文字", "中文…")]
    public void A_wide_character_is_there_as_a_whole_or_not(int width, string text, string shown)
    {
        Screen screen = Make(10, 1);
        Assert.True(screen.Put(0, 0, text, Ink.Plain, width) <= width);
        Assert.Equal(shown, screen.RowText(0));
    }

    [Fact]
    public void What_covers_half_of_a_wide_character_leaves_a_blank_for_the_rest()
    {
        Screen screen = Make(6, 1);
        screen.Put(0, 0, "中文");
        screen.Put(1, 0, "a");
        Assert.Equal(" a文", screen.RowText(0));
        screen.Put(2, 0, "b");
        Assert.Equal(" ab", screen.RowText(0));
    }

    [Fact]
    public void Only_changed_cells_are_written()
    {
        Screen screen = Make(20, 3);
        screen.Put(0, 1, "rate 100");
        Assert.Contains("\e[2;1H", Text(screen), StringComparison.Ordinal);
        screen.Clear();
        screen.Put(0, 1, "rate 200");
        Assert.Equal("\e[2;6H\e[0m2\e[0m", Text(screen));
        screen.Clear();
        screen.Put(0, 1, "rate 200");
        Assert.Equal("", Text(screen));
        screen.Paint(0, 1, 4, Ink.Selected);
        Assert.Equal("\e[2;1H\e[0;7mrate\e[0m", Text(screen));
    }

    [Fact]
    public void Behind_a_symbol_whose_width_terminals_do_not_agree_on_the_cursor_is_set_anew()
    {
        Screen screen = Make(10, 1);
        Text(screen);
        screen.Put(0, 0, "…ab中文c");
        Assert.Equal("\e[1;1H\e[0m…\e[1;2Hab中文c\e[0m", Text(screen));
    }

    [Fact]
    public void After_a_reset_every_cell_is_written()
    {
        Screen screen = Make(4, 2);
        Text(screen);
        screen.Reset(3, 2);
        Assert.Equal(6, Text(screen).Count(letter => letter == ' '));
    }

    [Fact]
    public void Control_characters_never_reach_the_terminal()
    {
        Screen screen = Make(10, 1);
        screen.Put(0, 0, "a\e[2Jb\n");
        Assert.Equal("a?[2Jb?", screen.RowText(0));
    }

    [Fact]
    public void Without_UTF_8_there_is_ASCII_alone_and_without_colours_no_colour()
    {
        Screen screen = new(hasColour: false, isUtf8: false);
        screen.Reset(30, 1);
        screen.Put(0, 0, "▁█ a→b … 中µ", Ink.Bad);
        string written = Text(screen);
        Assert.Contains("_# a>b ~ ?u", written, StringComparison.Ordinal);
        Assert.DoesNotContain("31", written, StringComparison.Ordinal);
        Assert.All(written, letter => Assert.True(letter is < (char)0x7f));
    }

    [Fact]
    public void Columns_come_as_there_is_room_and_addresses_are_cut_in_the_middle()
    {
        Column<string>[] columns =
        [
            new("End", 8, row => row) { Stretches = true, CutsMiddle = true },
            new("More", 10, _ => "more") { Rank = 11 },
            new("N", 3, _ => "7") { IsRight = true, Rank = 1 },
        ];
        Screen screen = Make(16, 2);
        Table.Draw(screen, 0, columns, null, "", ["2001:db8::1:50000"], -1);
        Assert.Equal("End            N", screen.RowText(0));
        Assert.Equal("2001:…:50000   7", screen.RowText(1));
        screen.Reset(40, 2);
        Table.Draw(screen, 0, columns, columns[2], "v", ["2001:db8::1:50000"], 0);
        Assert.Equal("End               More        Nv", screen.RowText(0));
        Assert.Equal("2001:db8::1:50000 more         7", screen.RowText(1));
        screen.Reset(5, 1);
        Table.Draw(screen, 0, columns, null, "", ["x"], -1);
        Assert.Equal("End", screen.RowText(0));
    }

    [Fact]
    public void A_history_shows_the_last_values_and_whatever_is_not_zero()
    {
        History history = new();
        foreach (double value in new[] { 100.0, 0, 1, 800 })
        {
            history.Add(value, seconds: 1);
        }
        Screen screen = Make(4, 2);
        history.Draw(screen, 0, 0, 3, 1, history.Greatest(3), Ink.Plain);
        Assert.Equal(" ▁█", screen.RowText(0));
        history.Draw(screen, 0, 0, 4, 2, 800, Ink.Plain);
        Assert.Equal(["   █", "▂ ▁█"], [screen.RowText(0), screen.RowText(1)]);
        Assert.Equal((800, 800, 225.25), (history.Now, history.Peak, history.Mean));
        history.Add(50, seconds: 4);
        Assert.Equal((901 + 200) / 8.0, history.Mean);
    }

    [Theory]
    [InlineData("q", "Letter:q")]
    [InlineData("\e[A\e[B\eOC\e[D", "Up Down Right Left")]
    [InlineData("\e[5~\e[6~\e[H\eOF\e[1~\e[4~", "PageUp PageDown Home End Home End")]
    [InlineData("\eOP\e[11~\e[[A\eOS\e[17~\e[21~", "F1 F1 F1 F4 F6 F10")]
    [InlineData("\r\n\t\e[Z\u007f\b", "Enter Enter Tab BackTab Backspace Backspace")]
    [InlineData("\f\u0003中", "Control:l Control:c Letter:中")]
    [InlineData("\e[200;5Xa", "Unknown Letter:a")]
    [InlineData("\ea", "Escape Letter:a")]
    public void Bytes_become_keys(string typed, string keys)
    {
        Assert.Equal(keys, Keys(new KeyReader(), Encoding.UTF8.GetBytes(typed)));
        // Over a slow line each byte comes by itself.
        KeyReader slow = new();
        Assert.Equal(keys, string.Join(' ', Encoding.UTF8.GetBytes(typed).Select(key => Keys(slow, [key])).Where(key => key.Length > 0)));
    }

    [Fact]
    public void An_escape_that_nothing_follows_is_the_key()
    {
        KeyReader reader = new();
        Assert.Equal("", Keys(reader, "\e"u8.ToArray()));
        Assert.Equal("Escape", Keys(reader, []));
        Assert.Equal("", Keys(reader, []));
    }

    [Fact]
    public void A_menu_is_walked_through_by_lines_and_pages()
    {
        MenuOverlay menu = new("Title", [.. Enumerable.Range(0, 50).Select(number => $"{number}")], 0);
        menu.Draw(Make(20, 11), 0, 11);
        foreach ((Key key, int selected) in new[]
        {
            (Key.Down, 1), (Key.PageDown, 11), (Key.PageDown, 21), (Key.PageUp, 11), (Key.End, 49), (Key.PageDown, 49), (Key.Home, 0),
            (Key.Up, 0),
        })
        {
            Assert.Equal(OverlayResult.Stays, menu.Press(new KeyPress(key, default)));
            Assert.Equal(selected, menu.Selected);
        }
    }

    [Theory]
    [InlineData("", "Say: ")]
    [InlineData("abcdefghi", "Say: abcdefghi")]
    [InlineData("abcdefghij", "Say: …cdefghij")]
    [InlineData("中文中文中文", "Say: …中文中文")]
    public void Of_a_long_text_the_end_is_seen_where_it_is_typed(string typed, string shown)
    {
        Screen screen = Make(15, 1);
        new PromptOverlay("Say: ", typed).Draw(screen, 0, 1);
        Assert.Equal(shown.TrimEnd(), screen.RowText(0));
    }

    [Fact]
    public void Before_the_first_sample_nobody_knows_whether_there_is_RDMA()
    {
        LiveText text = new(isChinese: false);
        Screen screen = Make(80, 4);
        new PortPage(text).Draw(screen, 0, 4);
        Assert.Equal(text.Waiting, screen.RowText(1));
        QueuePairPage page = new(text);
        screen.Clear();
        page.Draw(screen, 0, 4);
        Assert.Equal(text.Waiting, screen.RowText(1));
        page.Take([]);
        screen.Clear();
        page.Draw(screen, 0, 4);
        Assert.Equal(text.NoQueuePairs, screen.RowText(1));
    }

    [Theory]
    [InlineData(false, "41 40 1")]
    [InlineData(true, "1 40 41")]
    public void Queue_pairs_of_ports_that_count_no_bytes_are_sorted_by_packets(bool isReversed, string order)
    {
        QueuePairPage page = new(new LiveText(isChinese: false)) { IsReversed = isReversed };
        page.Take(
        [
            new RdmaQueuePair { Device = "rxe_a", QueuePair = 0x1, Type = RdmaQueuePairType.GSI },
            new RdmaQueuePair { Device = "rxe_a", QueuePair = 0x40, SentPacketsPerSecond = 10, ReceivedPacketsPerSecond = 5 },
            new RdmaQueuePair { Device = "rxe_a", QueuePair = 0x41, SentPacketsPerSecond = 2, ReceivedPacketsPerSecond = 14 },
        ]);
        Screen screen = Make(120, 4);
        page.Draw(screen, 0, 4);
        Assert.Equal(order, string.Join(' ', Enumerable.Range(1, 3).Select(row => screen.RowText(row).Split("qp 0x")[1].Split(' ')[0])));
    }

    private static string Keys(KeyReader reader, byte[] typed) =>
        string.Join(' ', reader.Read(typed).Select(press => press.Letter == default ? $"{press.Key}" : $"{press.Key}:{press.Letter}"));

    private static Screen Make(int width, int height)
    {
        Screen screen = new(hasColour: true, isUtf8: true);
        screen.Reset(width, height);
        return screen;
    }

    private static string Text(Screen screen) => Encoding.UTF8.GetString(screen.TakeChanges());
}
