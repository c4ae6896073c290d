using System.Globalization;

namespace XTrace.Messages;

/// <summary>The face that speaks to the user.</summary>
internal enum Face
{
    /// <summary>Another program, which gives its own advice.</summary>
    None,
    /// <summary>The cmdlets.</summary>
    Cmdlets,
    /// <summary><c>xtrace-catch</c>.</summary>
    CommandLine,
}

/// <summary>In whose words messages are, and in which language.</summary>
internal static class Speech
{
    private static readonly string[] s_localeVariables = ["LC_ALL", "LC_MESSAGES", "LANG"];
    private static readonly Lazy<bool> s_isLocaleChinese = new(IsLocaleChinese);

    /// <summary>Set once by the face, before it does anything.</summary>
    internal static Face Face { get; set; }

    /// <summary>
    /// Whether messages are in Chinese: with a Chinese culture, and in programs that run without cultures, with a Chinese locale.
    /// </summary>
    internal static bool IsChinese =>
        CultureInfo.CurrentUICulture is { Name.Length: > 0 } culture
            ? culture.Name.StartsWith("zh", StringComparison.Ordinal)
            : s_isLocaleChinese.Value;

    /// <summary>One of two texts.</summary>
    internal static string Say(string chinese, string english) => IsChinese ? chinese : english;

    /// <summary>The first of these variables that is set and not empty decides, POSIX 8.2.</summary>
    private static bool IsLocaleChinese() => s_localeVariables
        .Select(Environment.GetEnvironmentVariable)
        .FirstOrDefault(value => !string.IsNullOrEmpty(value))?
        .StartsWith("zh", StringComparison.Ordinal) ?? false;
}
