using ForegSyte.Hosting.Limits;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace ForegSyte.Hosting.Configuration;

/// <summary>Registers options that are validated when the service starts.</summary>
public static class CheckedOptions
{
    /// <summary>
    /// Binds a section and validates it at startup. Unknown keys are errors: a misspelt limit would otherwise be no
    /// limit; so are durations that people can read as others. Options with a LimitAttribute are published in
    /// GetServerInfo.
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
        services.AddSingleton<IValidateOptions<TOptions>>(provider =>
            ActivatorUtilities.CreateInstance<ClearDurations<TOptions>>(provider, section));
        services.AddSingleton(new LimitSource(provider =>
            LimitReader.OfOptions(section, provider.GetRequiredService<IOptions<TOptions>>().Value)));
        services.AddSingleton(new OptionSection(
            section, provider => provider.GetRequiredService<IOptions<TOptions>>().Value));
        return services.AddOptions<TOptions>()
            .BindConfiguration(section)
            .ValidateDataAnnotations()
            .ValidateOnStart();
    }
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
        var known = typeof(TOptions).GetProperties().Select(property => property.Name).Concat(subsections)
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
