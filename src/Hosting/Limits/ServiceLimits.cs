namespace ForegSyte.Hosting.Limits;

/// <summary>
/// Every limit of the service that is in force: those among the options that were added with AddCheckedOptions, and the
/// constants that were added with AddFixedLimits.
/// </summary>
public sealed class ServiceLimits
{
    private readonly Lazy<IReadOnlyList<ServiceLimit>> _all;

    internal ServiceLimits(IEnumerable<LimitSource> sources, IServiceProvider services) =>
        _all = new Lazy<IReadOnlyList<ServiceLimit>>(() =>
        [
            .. sources.SelectMany(source => source.Read(services))
                .OrderBy(limit => limit.Name, StringComparer.Ordinal),
        ]);

    /// <summary>The limits, ordered by name. Settings are read once, so that they do not change.</summary>
    public IReadOnlyList<ServiceLimit> All => _all.Value;
}
