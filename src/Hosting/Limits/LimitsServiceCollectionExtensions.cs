using ForegSyte.Hosting.Messages;
using Microsoft.Extensions.DependencyInjection;

namespace ForegSyte.Hosting.Limits;

/// <summary>Adds what GetServerInfo tells of limits.</summary>
public static class LimitsServiceCollectionExtensions
{
    /// <summary>Adds the limits among the constants of a type.</summary>
    public static void AddFixedLimits(this IServiceCollection services, Type constants) =>
        services.AddSingleton(new LimitSource(_ => LimitReader.OfConstants(constants)));

    internal static void AddServiceLimits(this IServiceCollection services)
    {
        services.AddFixedLimits(typeof(MessageSizeLimits));
        services.AddSingleton(provider =>
            new ServiceLimits(provider.GetServices<LimitSource>(), provider));
    }
}
