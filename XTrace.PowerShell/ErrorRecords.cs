using System.Management.Automation;

namespace XTrace.PowerShell;

/// <summary>The one place where the engine's errors become PowerShell's.</summary>
internal static class ErrorRecords
{
    internal static ErrorRecord From(XTraceException error, object? target = null) =>
        new(error, error.ErrorId, CategoryOf(error.Kind), error.Target ?? target);

    private static ErrorCategory CategoryOf(XTraceErrorKind kind) => kind switch
    {
        XTraceErrorKind.InvalidArgument => ErrorCategory.InvalidArgument,
        XTraceErrorKind.NotFound => ErrorCategory.ObjectNotFound,
        XTraceErrorKind.PermissionDenied => ErrorCategory.PermissionDenied,
        XTraceErrorKind.ResourceBusy => ErrorCategory.ResourceBusy,
        XTraceErrorKind.ResourceExists => ErrorCategory.ResourceExists,
        XTraceErrorKind.ResourceUnavailable => ErrorCategory.ResourceUnavailable,
        XTraceErrorKind.NotSupported => ErrorCategory.NotInstalled,
        XTraceErrorKind.InvalidState => ErrorCategory.InvalidOperation,
        _ => ErrorCategory.NotSpecified,
    };
}
