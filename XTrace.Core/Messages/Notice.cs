using XTrace.Messages;

namespace XTrace;

/// <summary>How much a notice matters.</summary>
public enum NoticeLevel
{
    /// <summary>For the curious: sizes, hooks that were refused. Cmdlets show it with -Verbose.</summary>
    Detail,
    /// <summary>The progress of a watch: an interface that it begins or ceases to watch.</summary>
    Information,
    /// <summary>Counts that are not what they seem.</summary>
    Warning,
    /// <summary>Something failed, and the rest goes on.</summary>
    Error,
}

/// <summary>Something that the engine tells while it works.</summary>
public sealed class Notice
{
    internal Notice(NoticeLevel level, Message message, object? target, params object?[] arguments)
    {
        Level = level;
        Id = message.Id;
        Target = target;
        Arguments = arguments;
        Text = message.Text(arguments);
    }

    internal Notice(XTraceException error)
    {
        Level = NoticeLevel.Error;
        Id = error.ErrorId;
        Target = error.Target;
        Arguments = error.Arguments;
        Text = error.Message;
        Error = error;
    }

    /// <summary>How much it matters.</summary>
    public NoticeLevel Level { get; }

    /// <summary>Stable identifier.</summary>
    public string Id { get; }

    /// <summary>The target, usually the name of an interface, or null.</summary>
    public object? Target { get; }

    /// <summary>The arguments of the text.</summary>
    public IReadOnlyList<object?> Arguments { get; }

    /// <summary>The sentence, in the user's language.</summary>
    public string Text { get; }

    /// <summary>The error, where it is one.</summary>
    public XTraceException? Error { get; }

    /// <summary>The sentence.</summary>
    public override string ToString() => Text;
}
