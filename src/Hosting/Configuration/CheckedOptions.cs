using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Text.RegularExpressions;
using ForegSyte.Hosting.Limits;
using ForegSyte.Protocol.Text;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace ForegSyte.Hosting.Configuration;

/// <summary>Registers options that are validated when the service starts.</summary>
public static class CheckedOptions
{
    /// <summary>
    /// Binds a section and validates it at startup. Unknown keys are errors: a misspelt limit would otherwise be no
    /// limit; so are durations that people can read as others (<see cref="SettingBinder"/>). Options with a
    /// LimitAttribute are published in GetServerInfo.
    /// </summary>
    /// <param name="services">The services.</param>
    /// <param name="section">Name of the section.</param>
    /// <param name="subsections">Subsections with options of their own.</param>
    public static OptionsBuilder<TOptions> AddCheckedOptions<TOptions>(
        this IServiceCollection services, string section, params string[] subsections)
        where TOptions : class
    {
        services.AddSingleton<IValidateOptions<TOptions>>(provider =>
            ActivatorUtilities.CreateInstance<KnownKeys<TOptions>>(provider, section, subsections));
        services.AddSingleton<IValidateOptions<TOptions>>(new AnnotationCheck<TOptions>(section));
        services.AddSingleton(new LimitSource(provider =>
            LimitReader.OfOptions(section, provider.GetRequiredService<IOptions<TOptions>>().Value)));
        services.AddSingleton(new OptionSection(
            section, typeof(TOptions), provider => provider.GetRequiredService<IOptions<TOptions>>().Value));
        return services.AddOptions<TOptions>()
            .Configure<IConfiguration>((options, configuration) =>
                SettingBinder.Bind(configuration.GetSection(section), options))
            .ValidateOnStart();
    }
}

/// <summary>Checks the attributes of options, such as ranges. An error names the setting with its section.</summary>
internal sealed class AnnotationCheck<TOptions>(string section) : IValidateOptions<TOptions>
    where TOptions : class
{
    /// <inheritdoc />
    public ValidateOptionsResult Validate(string? name, TOptions options)
    {
        var results = new List<ValidationResult>();
        var context = new ValidationContext(options);
        return Validator.TryValidateObject(options, context, results, validateAllProperties: true)
            ? ValidateOptionsResult.Success
            : ValidateOptionsResult.Fail(results.Select(TextOf));
    }

    private string TextOf(ValidationResult result)
    {
        const string Field = "The field ";
        var text = DotNetDurations.InText(result.ErrorMessage ?? "It is invalid.");
        text = text.StartsWith(Field, StringComparison.Ordinal) ? text[Field.Length..] : text;
        return result.MemberNames.FirstOrDefault() switch
        {
            { } member when text.StartsWith(member, StringComparison.Ordinal) => $"{section}:{text}",
            { } member when !text.Contains(':') => $"{section}:{member}: {text}",
            _ => text,
        };
    }
}

/// <summary>Durations as .NET writes them, in the ranges of settings.</summary>
internal static partial class DotNetDurations
{
    /// <summary>A text with its durations in the form of settings.</summary>
    public static string InText(string text) => Duration().Replace(
        text, time => DurationText.Format(TimeSpan.Parse(time.Value, CultureInfo.InvariantCulture)));

    [GeneratedRegex(@"(?<![0-9:.])([0-9]{1,8}\.)?[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,7})?(?![0-9:])")]
    private static partial Regex Duration();
}

/// <summary>Refuses keys of a section that its options do not have.</summary>
/// <param name="section">Name of the section.</param>
/// <param name="subsections">Subsections with options of their own.</param>
/// <param name="configuration">The configuration.</param>
internal sealed class KnownKeys<TOptions>(string section, string[] subsections, IConfiguration configuration)
    : IValidateOptions<TOptions>
    where TOptions : class
{
    /// <inheritdoc />
    public ValidateOptionsResult Validate(string? name, TOptions options)
    {
        var known = typeof(TOptions).GetProperties().Where(OptionValues.IsOption).Select(property => property.Name)
            .Concat(subsections)
            .ToList();
        var unknown = configuration.GetSection(section).GetChildren()
            .Select(child => child.Key)
            .Except(known, StringComparer.OrdinalIgnoreCase)
            .ToList();
        return unknown.Count == 0
            ? ValidateOptionsResult.Success
            : ValidateOptionsResult.Fail(
                $"{section}:{unknown[0]} is not a setting. "
                + $"{section} has: {string.Join(", ", known.Order(StringComparer.Ordinal))}.");
    }
}
