using System.Globalization;
using System.Management.Automation;
using System.Numerics;
using XTrace.Messages;

namespace XTrace.PowerShell;

/// <summary>
/// Reads what was typed for a parameter, and refuses the rest in words that say what may be given. What PowerShell itself would say
/// names types of .NET, has no range, and lists values that nobody may give.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
public abstract class ValueAttribute : ArgumentTransformationAttribute
{
    /// <summary>Whether the parameter takes several values. Null then asks for nothing.</summary>
    public bool IsList { get; init; }

    /// <inheritdoc/>
    public sealed override object? Transform(EngineIntrinsics engineIntrinsics, object? inputData) =>
        !IsList ? Read(inputData)
        : LanguagePrimitives.ConvertTo<object[]>(inputData)?.Select(item => item is null ? null : Read(item)).ToArray();

    /// <summary>One value.</summary>
    /// <exception cref="ArgumentTransformationMetadataException">It is none that may be given.</exception>
    private protected abstract object Read(object? value);

    private protected static ArgumentTransformationMetadataException Wrong(Message message, params ReadOnlySpan<object?> arguments) =>
        new(message.Text(arguments));
}

/// <summary>A value of an enumeration, by its name or its number.</summary>
/// <typeparam name="T">The enumeration. Its value None stands for nothing that could be asked for.</typeparam>
public sealed class OneOfAttribute<T> : ValueAttribute
    where T : struct, Enum
{
    private static readonly string[] s_names = [.. Enum.GetNames<T>().Where(name => name != "None")];

    /// <summary>The names that may be given, for messages.</summary>
    internal static string Names => string.Join(", ", s_names);

    private protected override object Read(object? value) =>
        value is not null && LanguagePrimitives.TryConvertTo(value, out T converted) && s_names.Contains($"{converted}")
            ? converted
            : throw Wrong(CmdletMessages.WrongChoice, value, Names);
}

/// <summary>An IP protocol, by its name or its number: PowerShell itself converts only numbers that have a name.</summary>
public sealed class ProtocolAttribute : ValueAttribute
{
    private protected override object Read(object? value) =>
        TryRead(value, out IPProtocol protocol)
            ? protocol
            : throw Wrong(CmdletMessages.WrongProtocol, value, OneOfAttribute<IPProtocol>.Names);

    /// <summary>PowerShell would convert the number 256 to protocol 0.</summary>
    internal static bool TryRead(object? value, out IPProtocol protocol)
    {
        if (long.TryParse($"{value}", CultureInfo.InvariantCulture, out long number))
        {
            protocol = (IPProtocol)number;
            return number is >= 0 and <= byte.MaxValue;
        }
        protocol = default;
        return value is not null && LanguagePrimitives.TryConvertTo(value, out protocol);
    }
}

/// <summary>A number of a range.</summary>
/// <typeparam name="T">The parameter's type, or that of its items.</typeparam>
/// <param name="min">The least that may be given.</param>
/// <param name="max">The greatest that may be given.</param>
public sealed class NumberAttribute<T>(T min, T max) : ValueAttribute
    where T : struct, INumber<T>
{
    /// <summary>Whether the engine refuses what is out of range. Here it then only has to be a number of the type.</summary>
    public bool IsCheckedLater { get; init; }

    private protected override object Read(object? value) =>
        value is not (null or "") && LanguagePrimitives.TryConvertTo(value, out T number)
        && (IsCheckedLater || (number >= min && number <= max))
            ? number
            : throw Wrong(CmdletMessages.OutOfRange, value, min, max);
}
