using ForegSyte.Hosting.Configuration;
using ForegSyte.Hosting.Messages;
using ForegSyte.V1;
using Microsoft.Extensions.DependencyInjection;

namespace ForegSyte.Hosting.Limits;

/// <summary>
/// Every limit of the service: those of options registered with AddCheckedOptions, and those of constants registered
/// with AddFixedLimits.
/// </summary>
public sealed class ServiceLimits
{
    private readonly Lazy<IReadOnlyList<ServiceLimit>> _all;

    private readonly Lazy<IReadOnlyList<Limit>> _messages;

    internal ServiceLimits(IEnumerable<LimitSource> sources, IServiceProvider services)
    {
        _all = new Lazy<IReadOnlyList<ServiceLimit>>(() =>
        [
            .. sources.SelectMany(source => source.Read(services))
                .OrderBy(limit => limit.Name, StringComparer.Ordinal),
        ]);
        _messages = new Lazy<IReadOnlyList<Limit>>(() =>
        {
            var origins = services.GetRequiredService<SettingOrigins>();
            return [.. All.Select(limit => limit.ToMessage(limit.IsOption ? origins.Of(limit.Name).Source : ""))];
        });
    }

    /// <summary>The limits, ordered by name. They never change, because settings are read once.</summary>
    public IReadOnlyList<ServiceLimit> All => _all.Value;

    /// <summary>The limits as GetServerInfo returns them. Must not be modified.</summary>
    public IReadOnlyList<Limit> Messages => _messages.Value;
}

/// <summary>A limit.</summary>
/// <param name="Name">Section and option, for example "Submit:MaxVideoBytes", or the name of a constant.</param>
/// <param name="Value">Value as text; durations with units, for example "7d 12h".</param>
/// <param name="Unit">Unit; empty for a duration.</param>
/// <param name="Range">Allowed range as text; empty for a constant.</param>
/// <param name="Description">What it limits and what happens when it is exceeded.</param>
/// <param name="Reason">Error reason when it is exceeded.</param>
public sealed record ServiceLimit(
    string Name, string Value, string Unit, string Range, string Description, ErrorReason Reason)
{
    /// <summary>Whether an option sets the limit; otherwise it is a constant.</summary>
    public bool IsOption => Range.Length > 0;

    /// <summary>The limit as GetServerInfo returns it.</summary>
    /// <param name="source">Configuration source; empty for a constant.</param>
    public Limit ToMessage(string source) => new()
    {
        Option = Name,
        Value = Value,
        Unit = Unit,
        Description = Description,
        Reason = Reason,
        Source = source,
    };
}

/// <summary>Reads the limits of a registered options class or type.</summary>
/// <param name="Read">Reads the limits.</param>
internal sealed record LimitSource(Func<IServiceProvider, IEnumerable<ServiceLimit>> Read);

/// <summary>Registers the limits that GetServerInfo returns.</summary>
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
