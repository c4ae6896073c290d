using System.Diagnostics;
using XTrace.Flows;
using XTrace.Messages;
using XTrace.Net;
using XTrace.Sessions;

namespace XTrace.Live;

/// <summary>
/// The live view of both faces: one screen, updated in place until the user ends it. Find the terminal and open what is watched
/// before it is taken, so that errors are said as everywhere else: <c>Open</c>, <c>Run</c>, <c>Dispose</c>, and then what
/// <see cref="Notices"/> has.
/// </summary>
internal sealed partial class LiveView : IDisposable
{
    /// <summary>How many notices are kept: interfaces that match a wildcard may come and go for days.</summary>
    private const int MostNotices = 100;

    /// <summary>For how long something that was told stays in the last row.</summary>
    private static readonly TimeSpan s_tellingTime = TimeSpan.FromSeconds(6);

    private readonly LiveSessions _sessions;
    private readonly Terminal _terminal;
    private readonly Screen _screen;
    private readonly LiveText _text;
    private readonly KeyReader _keys = new();
    private readonly byte[] _typed = new byte[256];
    private readonly List<Notice> _notices = [];
    private readonly FlowPage _flowPage;
    private readonly PortPage _portPage;
    private readonly QueuePairPage _queuePairPage;
    private readonly List<LivePage> _pages = [];
    private Totals _totals = new();
    private Overlay? _overlay;
    private Action<Overlay>? _apply;
    private LivePage _page;
    private DateTime? _time;
    private string _told = "";
    private long _toldAt;
    private bool _isPaused;
    private string[]? _wanted;
    private bool _needsDrawing;

    /// <exception cref="XTraceException">There is no terminal, or what is wanted is not possible.</exception>
    internal LiveView(LiveOptions options)
    {
        _terminal = Terminal.Find();
        _text = new LiveText(Speech.IsChinese && Terminal.IsUtf8);
        _screen = new Screen(Terminal.HasColour, Terminal.IsUtf8);
        _sessions = new LiveSessions(options, Tell);
        (_flowPage, _portPage, _queuePairPage) = (new(_text), new(_text), new(_text));
        if (_sessions.HasFlows)
        {
            _pages.Add(_flowPage);
        }
        _pages.AddRange([_portPage, _queuePairPage]);
        _page = _pages[0];
    }

    /// <summary>The last warnings and errors that were told, each once, for those who want to read them afterwards.</summary>
    internal IEnumerable<Notice> Notices => _notices;

    /// <summary>Begins to watch.</summary>
    /// <returns>False where there is nothing to watch: the notices say why.</returns>
    /// <exception cref="XTraceException">This process may watch nothing.</exception>
    internal bool Open()
    {
        if (!_sessions.HasFlows)
        {
            _sessions.OpenRdma();
            return true;
        }
        _sessions.OpenFlows(_sessions.Interfaces);
        _totals.Begin(_sessions.Points);
        return !_sessions.IsOver;
    }

    /// <summary>Shows it, until the user ends it or nothing is left to watch.</summary>
    internal void Run()
    {
        _terminal.Enter();
        Reset();
        while (!_sessions.IsStopped && !_sessions.IsOver)
        {
            bool isDue = _sessions.Wait(Tick);
            if (_wanted is { } interfaces)
            {
                _wanted = null;
                Reopen(interfaces);
            }
            else if (isDue && !_isPaused)
            {
                Take();
            }
            Draw();
        }
    }

    /// <summary>Ends it, from any thread.</summary>
    internal void Stop() => _sessions.Stop();

    /// <summary>Takes programs off where the process ends without disposing this.</summary>
    internal void Abandon() => _sessions.Abandon();

    /// <summary>Gives the terminal back and detaches what was attached.</summary>
    public void Dispose()
    {
        _terminal.Dispose();
        _sessions.Dispose();
    }

    /// <summary>Watches other interfaces; where none of them can be watched, the ones before.</summary>
    private void Reopen(IReadOnlyList<string> interfaces)
    {
        IReadOnlyList<string> before = _sessions.Interfaces;
        (_totals, _isPaused) = (new Totals(), false);
        _flowPage.Forget();
        try
        {
            _sessions.OpenFlows(interfaces);
        }
        catch (XTraceException error)
        {
            Tell(new Notice(error));
        }
        if (_sessions.IsOver)
        {
            _sessions.OpenFlows(before);
        }
        _totals.Begin(_sessions.Points);
    }

    private void Take()
    {
        if (_sessions.SampleFlows() is { } flows)
        {
            _totals.Take(flows);
            _totals.Begin(_sessions.Points);
            _flowPage.Take(flows);
            _time = flows.Timestamp;
        }
        if (_sessions.SampleRdma() is { } rdma)
        {
            _portPage.Take(rdma);
            _queuePairPage.Take(rdma.QueuePairs);
            _time = _sessions.HasFlows ? _time : rdma.Timestamp;
        }
    }

    /// <summary>Shows a notice of the sessions for a while, and keeps it if it matters afterwards.</summary>
    private void Tell(Notice notice)
    {
        if (notice.Level == NoticeLevel.Detail)
        {
            return;
        }
        (_told, _toldAt, _needsDrawing) = (notice.Text.ReplaceLineEndings(" "), Stopwatch.GetTimestamp(), true);
        // Drops and flows that made room stand above the table.
        bool isShown = notice.Id == FlowMessages.QueueDropped.Id || notice.Id == FlowMessages.FlowsEvicted.Id;
        if (notice.Level != NoticeLevel.Information && !isShown)
        {
            _notices.RemoveAll(shown => shown.Id == notice.Id && Equals(shown.Target, notice.Target));
            _notices.Add(notice);
            _notices.RemoveRange(0, Math.Max(0, _notices.Count - MostNotices));
        }
    }

    private void Say(string text) => (_told, _toldAt, _needsDrawing) = (text, Stopwatch.GetTimestamp(), true);

    /// <summary>Called often between two samples: does what was typed and what signals ask for.</summary>
    private void Tick()
    {
        foreach (KeyPress press in _keys.Read(_terminal.Read(_typed)))
        {
            _needsDrawing = true;
            Press(press);
        }
        if (_terminal.IsGone)
        {
            _sessions.Stop();
        }
        if (_told.Length > 0 && Stopwatch.GetElapsedTime(_toldAt) > s_tellingTime)
        {
            (_told, _needsDrawing) = ("", true);
        }
        if (_terminal.Follow())
        {
            Reset();
        }
        else if (_needsDrawing)
        {
            Draw();
        }
    }

    private void Reset()
    {
        (int width, int height) = Terminal.Size;
        _screen.Reset(width, height);
        Draw();
    }

    private void Draw()
    {
        _needsDrawing = false;
        _screen.Clear();
        string what = _page == _flowPage ? _sessions.Title : _page.Title;
        LiveHeader.DrawTitle(_screen, _text, what, _sessions.Interval, _isPaused, _time);
        int y = _page == _flowPage ? LiveHeader.Draw(_screen, _text, _totals, _flowPage.Counts) : 2;
        int last = _screen.Height - 1;
        if (_overlay is { CoversPage: true } cover)
        {
            cover.Draw(_screen, y, last - y);
        }
        else
        {
            _page.Draw(_screen, y, last - y);
            DrawFilter();
        }
        DrawLastRow(last);
        _terminal.Write(_screen.TakeChanges());
    }

    /// <summary>The filter stands in the row above the titles, at the right.</summary>
    private void DrawFilter()
    {
        if (_page.FilterText.Length > 0)
        {
            int y = _page == _flowPage ? HeaderRow() : 1;
            string kept = _page == _flowPage ? $" ({_text.Kept(Brief.Grouped(_flowPage.Matching))})" : "";
            _screen.PutRight(_screen.Width, y, $"{_text.Filter}: {_page.FilterText}{kept}", Ink.Warning, _screen.Width);
        }
    }

    private int HeaderRow() =>
        1 + (((_totals.Arriving.IsWatched ? 1 : 0) + (_totals.Leaving.IsWatched ? 1 : 0)) * LiveHeader.GraphHeight(_screen));

    private void DrawLastRow(int y)
    {
        if (_overlay is { CoversPage: false } prompt)
        {
            prompt.Draw(_screen, y, 1);
            return;
        }
        if (_told.Length > 0)
        {
            _screen.Put(0, y, _told, Ink.Warning, _screen.Width);
            return;
        }
        int x = 0;
        foreach ((string key, string action) in _text.Keys)
        {
            if (x + CellWidth.Measure(key) + CellWidth.Measure(action) + 1 > _screen.Width)
            {
                return;
            }
            x += _screen.Put(x, y, key, Ink.Selected);
            x += _screen.Put(x, y, action) + 1;
        }
    }
}
