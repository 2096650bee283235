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
    /// limit would otherwise be no limit.
    /// </summary>
    public static OptionsBuilder<TOptions> AddCheckedOptions<TOptions>(this IServiceCollection services, string section)
        where TOptions : class =>
        services.AddOptions<TOptions>()
            .BindConfiguration(section, binder => binder.ErrorOnUnknownConfiguration = true)
            .ValidateDataAnnotations()
            .ValidateOnStart();
}
