using ForegSyte.Client;
using ForegSyte.Client.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

// The namespace in which applications look for what they add to their services.
namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds ForegSyte's client to the services of an application.</summary>
public static class ForegSyteClientServiceCollectionExtensions
{
    /// <summary>
    /// Adds one shared <see cref="ForegSyteClient"/>, made when it is first asked for and closed with the services. Its
    /// settings are checked when the application starts.
    /// </summary>
    /// <param name="services">The services of the application.</param>
    /// <param name="configure">Changes the settings; null keeps the defaults.</param>
    /// <returns>
    /// The settings, for what needs more than a delegate: a section of the configuration (BindConfiguration), or
    /// another service, such as the one that gives tokens (Configure&lt;TService&gt;).
    /// </returns>
    /// <example>
    /// <code>
    /// builder.Services.AddForegSyteClient(options =>
    /// {
    ///     options.Address = new Uri("https://jobs.example.org:5200");
    ///     options.Credentials.ApiKeyFile = "/run/secrets/foregsyte";
    /// });
    /// </code>
    /// </example>
    public static OptionsBuilder<ForegSyteClientOptions> AddForegSyteClient(
        this IServiceCollection services, Action<ForegSyteClientOptions>? configure = null)
    {
        services.TryAddSingleton(provider => Open(provider, Options.Options.DefaultName));
        return services.AddSettings(Options.Options.DefaultName, configure);
    }

    /// <summary>
    /// Adds one of several clients: a service with the key <paramref name="name"/>, for a constructor's parameter with
    /// <c>[FromKeyedServices(name)]</c>.
    /// </summary>
    /// <param name="services">The services of the application.</param>
    /// <param name="name">Key of the client, and name of its settings.</param>
    /// <param name="configure">Changes the settings; null keeps the defaults.</param>
    /// <inheritdoc cref="AddForegSyteClient(IServiceCollection, Action{ForegSyteClientOptions})"/>
    public static OptionsBuilder<ForegSyteClientOptions> AddForegSyteClient(
        this IServiceCollection services, string name, Action<ForegSyteClientOptions>? configure)
    {
        services.TryAddKeyedSingleton(name, (provider, _) => Open(provider, name));
        return services.AddSettings(name, configure);
    }

    private static OptionsBuilder<ForegSyteClientOptions> AddSettings(
        this IServiceCollection services, string name, Action<ForegSyteClientOptions>? configure)
    {
        services.TryAddEnumerable(
            ServiceDescriptor.Singleton<IValidateOptions<ForegSyteClientOptions>, ClientOptionsValidation>());
        return services
            .AddOptions<ForegSyteClientOptions>(name)
            .Configure(configure ?? (_ => { }))
            .ValidateOnStart();
    }

    private static ForegSyteClient Open(IServiceProvider provider, string name)
    {
        var options = provider.GetRequiredService<IOptionsMonitor<ForegSyteClientOptions>>().Get(name);
        return new ForegSyteClient(options with
        {
            LoggerFactory = options.LoggerFactory ?? provider.GetService<ILoggerFactory>(),
        });
    }
}
