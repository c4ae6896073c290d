using XTrace.Messages;

namespace XTrace;

/// <summary>The kind of error. Each face maps it to its own terms (an ErrorCategory, an exit code).</summary>
public enum XTraceErrorKind
{
    /// <summary>An argument does not make sense.</summary>
    InvalidArgument,
    /// <summary>The named interface or monitor does not exist.</summary>
    NotFound,
    /// <summary>A capability is missing.</summary>
    PermissionDenied,
    /// <summary>Someone else holds what is asked for.</summary>
    ResourceBusy,
    /// <summary>It exists already.</summary>
    ResourceExists,
    /// <summary>Memory or another resource is short.</summary>
    ResourceUnavailable,
    /// <summary>This kernel, driver or machine cannot do it, or a library is not installed.</summary>
    NotSupported,
    /// <summary>A monitor is in a state that does not allow it.</summary>
    InvalidState,
    /// <summary>The kernel refused for another reason.</summary>
    Failed,
}

/// <summary>An error that a user can do something about: its message says what.</summary>
public class XTraceException : Exception
{
    /// <summary>An error whose text is given.</summary>
    /// <param name="errorId">Stable identifier, for example <c>InterfaceNotFound</c>.</param>
    /// <param name="kind">The kind of error.</param>
    /// <param name="message">What happened and what to do next.</param>
    /// <param name="target">What it happened to, usually an interface's name.</param>
    /// <param name="inner">The cause.</param>
    internal XTraceException(string errorId, XTraceErrorKind kind, string message, object? target = null, Exception? inner = null)
        : base(message, inner) => (ErrorId, Kind, Target) = (errorId, kind, target);

    /// <summary>An error of the catalogue.</summary>
    /// <param name="message">What is said.</param>
    /// <param name="target">What it happened to, usually an interface's name.</param>
    /// <param name="arguments">What the message is about.</param>
    internal XTraceException(Message message, object? target, params object?[] arguments)
        : this(null, message, target, arguments)
    {
    }

    /// <summary>An error of the catalogue, with its cause.</summary>
    internal XTraceException(Exception? inner, Message message, object? target, params object?[] arguments)
        : base(message.Text(arguments), inner) => (ErrorId, Kind, Target, Arguments) = (message.Id, message.Kind, target, arguments);

    /// <summary>Stable identifier of the error.</summary>
    public string ErrorId { get; }

    /// <summary>The kind of error.</summary>
    public XTraceErrorKind Kind { get; }

    /// <summary>The target of the error, or null.</summary>
    public object? Target { get; }

    /// <summary>The arguments of the message.</summary>
    public IReadOnlyList<object?> Arguments { get; } = [];
}
