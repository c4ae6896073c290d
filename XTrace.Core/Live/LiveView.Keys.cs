using System.Globalization;
using XTrace.Net;

namespace XTrace.Live;

// The keys.
internal sealed partial class LiveView
{
    private const double SmallestInterval = 0.1;
    private const double GreatestInterval = 3600;
    private const double IntervalStep = 2;

    private void Press(KeyPress press)
    {
        if (_overlay is { } overlay)
        {
            OverlayResult result = overlay.Press(press);
            if (result != OverlayResult.Stays)
            {
                _overlay = null;
            }
            if (result == OverlayResult.Applies)
            {
                _apply?.Invoke(overlay);
            }
            else if (result == OverlayResult.Closes && overlay is PromptOverlay { IsFilter: true })
            {
                _page.SetFilter("");
            }
            return;
        }
        if (press.Key == Key.Letter)
        {
            PressLetter(press.Letter.ToString());
        }
        else
        {
            PressKey(press);
        }
    }

    private void PressLetter(string letter)
    {
        switch (letter)
        {
            case "q" or "Q":
                _sessions.Stop();
                break;
            case "h" or "?":
                ShowHelp();
                break;
            case "1" or "2" or "3":
                int number = int.Parse(letter, CultureInfo.InvariantCulture) - 1 - (3 - _pages.Count);
                ShowPage(_pages[Math.Clamp(number, 0, _pages.Count - 1)]);
                break;
            case "/" or "f":
                AskFilter();
                break;
            case "s":
                AskOrder();
                break;
            case "<" or ",":
                Sort(_page.Order - 1);
                break;
            case ">" or ".":
                Sort(_page.Order + 1);
                break;
            case "r" or "R" or "I":
                _page.IsReversed = !_page.IsReversed;
                break;
            case "p" or "P" or " ":
                _isPaused = !_isPaused;
                break;
            case "d":
                AskInterval();
                break;
            case "+":
                Change(_sessions.Interval * IntervalStep);
                break;
            case "-":
                Change(_sessions.Interval / IntervalStep);
                break;
            case "i":
                AskInterfaces();
                break;
            case "k":
                _page.Move(Key.Up);
                break;
            case "j":
                _page.Move(Key.Down);
                break;
        }
    }

    private void PressKey(KeyPress press)
    {
        switch (press.Key)
        {
            case Key.F10:
                _sessions.Stop();
                break;
            case Key.F1:
                ShowHelp();
                break;
            case Key.F4:
                AskFilter();
                break;
            case Key.F6:
                AskOrder();
                break;
            case Key.Tab or Key.BackTab:
                int step = press.Key == Key.Tab ? 1 : _pages.Count - 1;
                ShowPage(_pages[(_pages.IndexOf(_page) + step) % _pages.Count]);
                break;
            case Key.Enter when _page.Choose():
                LivePage page = _page;
                Show(new TextOverlay(_text.Details, () => page.Describe().DefaultIfEmpty((_text.Gone, "")).ToArray()));
                break;
            case Key.Escape:
                _page.SetFilter("");
                break;
            case Key.Control when press.Letter.Value == 'l':
                Reset();
                break;
            default:
                _page.Move(press.Key);
                break;
        }
    }

    private void Show(Overlay overlay, Action<Overlay>? apply = null) => (_overlay, _apply) = (overlay, apply);

    private void ShowHelp() => Show(new TextOverlay(_text.Help[0], () => [.. _text.Help.Skip(1).Select(line => (line, ""))]));

    private void ShowPage(LivePage page)
    {
        _page = page;
        if (page == _flowPage || _sessions.HasRdma)
        {
            return;
        }
        try
        {
            _sessions.OpenRdma();
        }
        catch (XTraceException error)
        {
            Tell(new Notice(error));
        }
    }

    private void AskFilter()
    {
        LivePage page = _page;
        Show(new PromptOverlay(_text.AskFilter, page.FilterText, page.SetFilter) { IsFilter = true });
    }

    private void AskOrder() =>
        Show(new MenuOverlay(_text.SortBy, _page.Orders, _page.Order), overlay => Sort(((MenuOverlay)overlay).Selected));

    private void Sort(int order) => _page.Order = Math.Clamp(order, 0, _page.Orders.Count - 1);

    private void AskInterval() => Show(new PromptOverlay(_text.AskInterval, ""), overlay =>
    {
        string typed = ((PromptOverlay)overlay).Text;
        if (double.TryParse(typed, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double seconds)
            && seconds is >= SmallestInterval and <= GreatestInterval)
        {
            Change(TimeSpan.FromSeconds(seconds));
        }
        else if (typed.Length > 0)
        {
            Say(_text.WrongInterval(typed));
        }
    });

    private void Change(TimeSpan interval) =>
        _sessions.Change(TimeSpan.FromSeconds(Math.Clamp(interval.TotalSeconds, SmallestInterval, GreatestInterval)));

    private void AskInterfaces()
    {
        if (!_sessions.HasFlows)
        {
            return;
        }
        string[] names = [.. NetInterfaces.List().Select(target => target.Name)];
        HashSet<string> watched = [.. _sessions.Points.Select(point => point.InterfaceName)];
        Show(new MenuOverlay(_text.ChooseInterfaces, names, 0, [.. names.Select(watched.Contains)]), overlay =>
        {
            string[] chosen = [.. ((MenuOverlay)overlay).Marked];
            if (chosen.Length == 0)
            {
                Say(_text.NothingChosen);
            }
            else if (!watched.SetEquals(chosen))
            {
                _wanted = chosen;
                _sessions.EndWait();
            }
        });
    }
}
