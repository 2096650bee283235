using ForegSyte.Hosting.Configuration.Effective;

namespace ForegSyte.Hosting.Starting;

/// <summary>
/// When this process began, and what its settings were read from, for those who ask what a server is.
/// </summary>
public sealed class ServiceStart
{
    private readonly Lazy<IReadOnlyList<string>> _sources;

    internal ServiceStart(TimeProvider time, EffectiveSettings settings)
    {
        StartedAt = time.GetUtcNow();

        // Settings are read once, so that this does not change.
        _sources = new Lazy<IReadOnlyList<string>>(() =>
            [.. settings.All().Select(setting => setting.Origin.Source).Distinct().Order(StringComparer.Ordinal)]);
    }

    /// <summary>When the process began.</summary>
    public DateTimeOffset StartedAt { get; }

    /// <summary>Kinds of sources that settings came from, without paths and names: default, file and so on.</summary>
    public IReadOnlyList<string> ConfigurationSources => _sources.Value;
}
