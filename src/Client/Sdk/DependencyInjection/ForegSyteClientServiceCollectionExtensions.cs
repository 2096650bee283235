using ForegSyte.Client;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

// The namespace that applications import to add services.
namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds ForegSyte clients to the services of an application.</summary>
public static class ForegSyteClientServiceCollectionExtensions
{
    /// <summary>
    /// Adds a singleton <see cref="ForegSyteClient"/>, created on first use and disposed with the services. The
    /// application validates its options at start.
    /// </summary>
    /// <param name="services">Services of the application.</param>
    /// <param name="configure">Changes the options; null keeps the defaults.</param>
    /// <returns>
    /// The options builder, to bind a configuration section (BindConfiguration) or to use another service, such as
    /// a token provider (Configure&lt;TService&gt;).
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
        services.TryAddSingleton(provider => Create(provider, Options.Options.DefaultName));
        return services.AddClientOptions(Options.Options.DefaultName, configure);
    }

    /// <summary>
    /// Adds one of several clients as a singleton with the key <paramref name="name"/>; a constructor takes it as a
    /// parameter with <c>[FromKeyedServices(name)]</c>.
    /// </summary>
    /// <param name="services">Services of the application.</param>
    /// <param name="name">Key of the client and name of its options.</param>
    /// <param name="configure">Changes the options; null keeps the defaults.</param>
    /// <inheritdoc cref="AddForegSyteClient(IServiceCollection, Action{ForegSyteClientOptions})"/>
    public static OptionsBuilder<ForegSyteClientOptions> AddForegSyteClient(
        this IServiceCollection services, string name, Action<ForegSyteClientOptions>? configure)
    {
        services.TryAddKeyedSingleton(name, (provider, _) => Create(provider, name));
        return services.AddClientOptions(name, configure);
    }

    private static OptionsBuilder<ForegSyteClientOptions> AddClientOptions(
        this IServiceCollection services, string name, Action<ForegSyteClientOptions>? configure)
    {
        services.TryAddEnumerable(
            ServiceDescriptor.Singleton<IValidateOptions<ForegSyteClientOptions>, ForegSyteClientOptionsValidator>());
        return services
            .AddOptions<ForegSyteClientOptions>(name)
            .Configure(configure ?? (_ => { }))
            .ValidateOnStart();
    }

    private static ForegSyteClient Create(IServiceProvider provider, string name)
    {
        var options = provider.GetRequiredService<IOptionsMonitor<ForegSyteClientOptions>>().Get(name);
        return new ForegSyteClient(options with
        {
            LoggerFactory = options.LoggerFactory ?? provider.GetService<ILoggerFactory>(),
        });
    }
}
