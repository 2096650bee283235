using ForegSyte.Hosting.Configuration.Effective;
using ForegSyte.Hosting.Limits;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace ForegSyte.Hosting.Configuration;

/// <summary>
/// Options that are checked when the service starts, so that a wrong setting is never found by a caller.
/// </summary>
public static class CheckedOptions
{
    /// <summary>
    /// Binds a section and checks its ranges at start. A key that no option has refuses the start as well: a misspelt
    /// limit would otherwise be no limit. Those that have a LimitAttribute are published.
    /// </summary>
    /// <param name="services">The services.</param>
    /// <param name="section">Name of the section.</param>
    /// <param name="subsections">Names of sections in it that have options of their own.</param>
    public static OptionsBuilder<TOptions> AddCheckedOptions<TOptions>(
        this IServiceCollection services, string section, params string[] subsections)
        where TOptions : class
    {
        services.AddSingleton<IValidateOptions<TOptions>>(provider =>
            ActivatorUtilities.CreateInstance<KnownKeys<TOptions>>(provider, section, subsections));
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
