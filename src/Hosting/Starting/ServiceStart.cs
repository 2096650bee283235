using ForegSyte.Hosting.Configuration;

namespace ForegSyte.Hosting.Starting;

/// <summary>When the process started and where its settings came from; GetServerInfo returns both.</summary>
public sealed class ServiceStart
{
    private readonly Lazy<IReadOnlyList<string>> _sources;

    internal ServiceStart(TimeProvider time, EffectiveSettings settings)
    {
        StartedAt = time.GetUtcNow();

        // Settings are read once, at startup.
        _sources = new Lazy<IReadOnlyList<string>>(() =>
            [.. settings.All().Select(setting => setting.Origin.Source).Distinct().Order(StringComparer.Ordinal)]);
    }

    public DateTimeOffset StartedAt { get; }

    /// <summary>
    /// Kinds of configuration sources in use, without paths or names: default, file, environment, command line.
    /// </summary>
    public IReadOnlyList<string> ConfigurationSources => _sources.Value;
}
