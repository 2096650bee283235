using ForegSyte.Hosting.Configuration.Effective;
using ForegSyte.V1;
using Microsoft.Extensions.DependencyInjection;

namespace ForegSyte.Hosting.Limits;

/// <summary>
/// Every limit of the service that is in force: those among the options that were added with AddCheckedOptions, and the
/// constants that were added with AddFixedLimits.
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

    /// <summary>The limits, ordered by name. Settings are read once, so that they do not change.</summary>
    public IReadOnlyList<ServiceLimit> All => _all.Value;

    /// <summary>The limits as GetServerInfo answers them. Not to be changed.</summary>
    public IReadOnlyList<Limit> Messages => _messages.Value;
}
