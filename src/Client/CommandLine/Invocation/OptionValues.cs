using System.CommandLine;
using System.CommandLine.Completions;
using System.CommandLine.Parsing;
using ForegSyte.Protocol.Text;

namespace ForegSyte.CommandLine.Invocation;

/// <summary>The values that options accept, and the errors for others: "--limit must be a whole number".</summary>
internal static class OptionValues
{
    private static readonly TimeSpan MaxDuration = TimeSpan.FromDays(30);

    /// <summary>Accepts and completes only these names, in any case.</summary>
    /// <param name="option">An option of an enum, with names of its values, or of a string.</param>
    /// <param name="names">The names; help, completion and errors show them in lower case.</param>
    public static Option<T> AcceptsOneOf<T>(this Option<T> option, params string[] names)
    {
        var type = Nullable.GetUnderlyingType(typeof(T)) ?? typeof(T);
        option.CompletionSources.Clear();
        option.CompletionSources.Add(_ => names.Select(name => new CompletionItem(name.ToLowerInvariant())));
        option.CustomParser = result =>
        {
            var text = result.Tokens[0].Value;
            var name = Array.Find(names, name => name.Equals(text, StringComparison.OrdinalIgnoreCase));
            if (name is not null)
            {
                return (T)(type.IsEnum ? Enum.Parse(type, name) : name);
            }

            result.AddError(
                $"{option.Name} must be {Join(names)}, not '{text}'."
                + NearestNames.Question(text, names.Select(known => known.ToLowerInvariant())));
            return default;
        };
        return option;
    }

    /// <summary>
    /// Parses the value of an option as a duration of at most 30 days; a number alone means seconds, as for timeout(1).
    /// </summary>
    /// <returns>Null if it is none; the result then has an error.</returns>
    public static TimeSpan? Duration(ArgumentResult result)
    {
        var text = result.Tokens[0].Value;
        if (TryParseDuration(text, out var time))
        {
            return time;
        }

        result.AddError(
            $"{((OptionResult)result.Parent!).Option.Name} must be {DurationText.Form}, at most "
            + $"{DurationText.Format(MaxDuration)}, not '{text}'.");
        return null;
    }

    /// <inheritdoc cref="Duration"/>
    public static bool TryParseDuration(string text, out TimeSpan time) =>
        DurationText.TryParse(text.Length > 0 && char.IsAsciiDigit(text[^1]) ? text + "s" : text, out time)
        && time <= MaxDuration;

    /// <summary>
    /// Returns the text of a parse error. System.CommandLine names the .NET type of a value that it cannot convert;
    /// this replaces that text.
    /// </summary>
    public static string ErrorText(ParseError error)
    {
        var result = error.SymbolResult as OptionResult ?? error.SymbolResult?.Parent as OptionResult;
        if (result is not { Option: var option, Tokens: [.., var token] })
        {
            return error.Message;
        }

        var type = Nullable.GetUnderlyingType(option.ValueType) ?? option.ValueType;
        return error.Message.Contains(type.FullName!, StringComparison.Ordinal)
            ? $"{option.Name} must be {Describe(type, token.Value)}, not '{token.Value}'."
            : error.Message;
    }

    private static string Describe(Type type, string text) =>
        type == typeof(double) || type == typeof(float) ? "a number"
        : type == typeof(bool) ? "true or false"
        : type != typeof(int) ? "another value"
        : text.TrimStart('-', '+').All(char.IsAsciiDigit) && text.Any(char.IsAsciiDigit)
            ? FormattableString.Invariant($"a whole number from {int.MinValue} to {int.MaxValue}")
        : "a whole number";

    /// <summary>Joins the names, for example "pending, running or failed".</summary>
    public static string Join(IEnumerable<string> names)
    {
        var text = string.Join(", ", names).ToLowerInvariant();
        var last = text.LastIndexOf(", ", StringComparison.Ordinal);
        return last < 0 ? text : $"{text[..last]} or {text[(last + 2)..]}";
    }
}
