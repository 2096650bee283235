using System.Text.RegularExpressions;
using ForegSyte.Protocol.Text;
using Microsoft.Extensions.Options;

namespace ForegSyte.Hosting.Starting;

/// <summary>Describes in one line why a service could not start, without names of .NET types.</summary>
public static partial class StartupFailure
{
    /// <summary>The line: what is wrong, which setting, and what to do.</summary>
    public static string Describe(Exception failure) => string.Join(' ', Messages(failure).Distinct());

    private static IEnumerable<string> Messages(Exception failure) => failure switch
    {
        AggregateException several => several.Flatten().InnerExceptions.SelectMany(Messages),
        OptionsValidationException invalid => invalid.Failures.Select(Translate),
        _ => [Translate(failure.Message)],
    };

    private static string Translate(string message)
    {
        message = message.ReplaceLineEndings(" ");
        if (Conversion().Match(message) is { Success: true } conversion)
        {
            return $"{conversion.Groups["key"].Value} is '{conversion.Groups["value"].Value}'; it must be "
                + $"{Expected(conversion.Groups["type"].Value)}.";
        }

        return message.Contains("address already in use", StringComparison.Ordinal)
            ? $"{message} Stop the other process, or choose another port with Listen:Port. The variable "
                + "FOREGSYTE_Listen__Port reaches both services; FOREGSYTE_JobService__Listen__Port and "
                + "FOREGSYTE_InferenceService__Listen__Port reach one."
            : message;
    }

    private static string Expected(string typeName) => typeName switch
    {
        "System.Int32" or "System.Int64" => "a whole number",
        "System.Double" or "System.Single" => "a number",
        "System.Boolean" => "true or false",
        "System.TimeSpan" => DurationText.Form,
        _ when EnumNames(typeName) is { Length: > 0 } names => $"one of {string.Join(", ", names)}",
        _ => "of another form",
    };

    private static string[] EnumNames(string typeName) => AppDomain.CurrentDomain.GetAssemblies()
        .Select(assembly => assembly.GetType(typeName))
        .FirstOrDefault(type => type is { IsEnum: true }) is { } found
            ? Enum.GetNames(found)
            : [];

    [GeneratedRegex(@"Failed to convert configuration value '(?<value>.*)' at '(?<key>.*)' to type '(?<type>.*)'\.")]
    private static partial Regex Conversion();
}
