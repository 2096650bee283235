using System.Collections;
using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace ForegSyte.Hosting.Configuration;

/// <summary>Every setting of the service with its value and origin.</summary>
internal sealed class EffectiveSettings(
    IServiceProvider services, IEnumerable<OptionSection> sections, IConfiguration configuration,
    SettingOrigins origins)
{
    private const string Levels = "Logging";

    /// <summary>Part of the name of options that some tenants have of their own; the others are inherited.</summary>
    private const string Overrides = ":PerTenant:";

    /// <summary>Sections of .NET itself.</summary>
    private static readonly string[] HostSections = ["hostBuilder", Levels];

    /// <summary>The settings, ordered by name.</summary>
    /// <exception cref="Microsoft.Extensions.Options.OptionsValidationException">A setting is invalid.</exception>
    public IReadOnlyList<EffectiveSetting> All() =>
    [
        .. sections.SelectMany(section => OptionValues.Of(section.Name, section.Read(services)))
            .Append((DataDirectory.Key, services.GetRequiredService<DataDirectory>().Path))
            .Append((ConfigurationSources.FileKey, configuration[ConfigurationSources.FileKey] ?? ""))
            .Concat(LevelsIn(configuration.GetSection(Levels)))
            .DistinctBy(setting => setting.Item1)
            .Select(setting => new EffectiveSetting(setting.Item1, setting.Item2, origins.Of(setting.Item1)))
            .Where(setting => setting.Origin != SettingOrigin.Default
                || !setting.Name.Contains(Overrides, StringComparison.OrdinalIgnoreCase))
            .OrderBy(setting => setting.Name, StringComparer.Ordinal),
    ];

    /// <summary>
    /// Configured sections that the service does not have, which are probably misspelt. Keys without a section are
    /// ignored, because any environment variable can be one.
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
        || origin.Location.StartsWith(ConfigurationSources.Prefix, StringComparison.OrdinalIgnoreCase);

    private static IEnumerable<(string, string)> LevelsIn(IConfigurationSection section) =>
        section.Value is { } value
            ? [(section.Path, value)]
            : section.GetChildren().SelectMany(LevelsIn);
}

/// <summary>A setting.</summary>
/// <param name="Name">Section and option, for example "Submit:AllowedRoots:0".</param>
/// <param name="Value">Value as text, durations as [d.]hh:mm:ss, secrets masked.</param>
/// <param name="Origin">Where the value comes from.</param>
internal sealed record EffectiveSetting(string Name, string Value, SettingOrigin Origin);

/// <summary>A section that AddCheckedOptions registered.</summary>
/// <param name="Name">Name of the section, for example "Submit".</param>
/// <param name="Read">Reads the options; throws if they are invalid.</param>
internal sealed record OptionSection(string Name, Func<IServiceProvider, object> Read);

/// <summary>Flattens options into configuration keys and values.</summary>
internal static partial class OptionValues
{
    /// <summary>Replaces secrets.</summary>
    public const string Mask = "********";

    /// <summary>The keys below a section with their values; an empty list is one key with an empty value.</summary>
    public static IEnumerable<(string Name, string Value)> Of(string name, object? value) => value switch
    {
        null => [(name, "")],
        string or ValueType or Uri => [(name, TextOf(value))],
        IDictionary entries => OfEntries(name, entries),
        IEnumerable items => OfItems(name, [.. items.Cast<object?>()]),
        _ => value.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .Where(IsOption)
            .OrderBy(property => property.Name, StringComparer.Ordinal)
            .SelectMany(property => OfProperty($"{name}:{property.Name}", property, property.GetValue(value))),
    };

    /// <summary>Whether the configuration can set the property.</summary>
    private static bool IsOption(PropertyInfo property) =>
        property.GetIndexParameters().Length == 0
        && (property.SetMethod?.IsPublic == true
            || (property.PropertyType != typeof(string) && property.PropertyType.IsAssignableTo(typeof(IEnumerable))));

    private static IEnumerable<(string Name, string Value)> OfProperty(
        string name, PropertyInfo property, object? value) =>
        property.GetCustomAttribute<SecretAttribute>() is null
            ? Of(name, value)
            : [(name, value is null or "" ? "" : Mask)];

    private static IEnumerable<(string Name, string Value)> OfItems(string name, IReadOnlyList<object?> items) =>
        items.Count == 0
            ? [(name, "")]
            : items.SelectMany((item, index) => Of(
                string.Create(CultureInfo.InvariantCulture, $"{name}:{index}"), item));

    private static IEnumerable<(string Name, string Value)> OfEntries(string name, IDictionary entries) =>
        entries.Count == 0
            ? [(name, "")]
            : entries.Keys.Cast<string>().SelectMany(key => Of($"{name}:{key}", entries[key]));

    private static string TextOf(object value) => value switch
    {
        TimeSpan time => time.ToString("c", CultureInfo.InvariantCulture),
        DateTimeOffset instant => instant.ToString("O", CultureInfo.InvariantCulture),
        bool flag => flag ? "true" : "false",
        _ => UserInformation().Replace(Convert.ToString(value, CultureInfo.InvariantCulture) ?? "", $"//{Mask}@"),
    };

    /// <summary>Matches "user:password" of a URL.</summary>
    [GeneratedRegex(@"//[^/@\s]+@")]
    private static partial Regex UserInformation();
}
