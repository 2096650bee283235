using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace ForegSyte.Hosting.Configuration.Effective;

/// <summary>Every setting of the service as it is in force, and where it comes from.</summary>
internal sealed class EffectiveSettings(
    IServiceProvider services, IEnumerable<OptionSection> sections, IConfiguration configuration,
    SettingOrigins origins)
{
    private const string Levels = "Logging";

    /// <summary>Sections that are .NET's own, read where the process starts.</summary>
    private static readonly string[] HostSections = ["hostBuilder", Levels];

    /// <summary>The settings, ordered by name.</summary>
    /// <exception cref="Microsoft.Extensions.Options.OptionsValidationException">One is wrong.</exception>
    public IReadOnlyList<EffectiveSetting> All() =>
    [
        .. sections.SelectMany(section => OptionValues.Of(section.Name, section.Read(services)))
            .Append((DataDirectory.Key, services.GetRequiredService<DataDirectory>().Path))
            .Append((ConfigurationSources.FileKey, configuration[ConfigurationSources.FileKey] ?? ""))
            .Concat(LevelsIn(configuration.GetSection(Levels)))
            .DistinctBy(setting => setting.Item1)
            .Select(setting => new EffectiveSetting(setting.Item1, setting.Item2, origins.Of(setting.Item1)))
            .OrderBy(setting => setting.Name, StringComparer.Ordinal),
    ];

    /// <summary>
    /// Names with a section that no option is in, most likely misspelt. Only names with a section: others may be
    /// anything of the environment.
    /// </summary>
    public IReadOnlyList<string> Unknown()
    {
        var known = sections.Select(section => section.Name.Split(':')[0]).Concat(HostSections)
            .ToHashSet(StringComparer.OrdinalIgnoreCase);
        return
        [
            .. configuration.GetChildren()
                .Where(section => section.GetChildren().Any() && !known.Contains(section.Key))
                .Where(section => !section.Key.StartsWith(ConfigurationSources.Prefix, StringComparison.Ordinal))
                .Where(section => IsOurs(origins.Of(section.Path)))
                .Select(section => section.Key),
        ];
    }

    private static bool IsOurs(SettingOrigin origin) =>
        origin.Source is "file" or "command line"
        || origin.Place.StartsWith(ConfigurationSources.Prefix, StringComparison.OrdinalIgnoreCase);

    private static IEnumerable<(string, string)> LevelsIn(IConfigurationSection section) =>
        section.Value is { } value
            ? [(section.Path, value)]
            : section.GetChildren().SelectMany(LevelsIn);
}
