using System.Collections;
using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;
using ForegSyte.Hosting.Limits;
using ForegSyte.Protocol.Limits;
using ForegSyte.Protocol.Text;
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
    public IReadOnlyList<UnknownSection> Unknown()
    {
        var own = sections.Select(section => section.Name.Split(':')[0]).Distinct().ToList();
        var known = own.Concat(HostSections).Concat(ConfigurationSources.Services)
            .ToHashSet(StringComparer.OrdinalIgnoreCase);
        return
        [
            .. configuration.GetChildren()
                .Where(section => section.GetChildren().Any() && !known.Contains(section.Key))
                .Where(section => !section.Key.StartsWith(ConfigurationSources.Prefix, StringComparison.Ordinal))
                .Where(section => IsOurs(origins.Of(section.Path)))
                .Select(section => new UnknownSection(
                    section.Key, NearestNames.Question(section.Key, own), origins.Of(section.Path))),
        ];
    }

    /// <summary>The settings of a section with their defaults, ranges and meanings, for help.</summary>
    public IReadOnlyList<SettingHelp> Help() =>
    [
        .. sections.DistinctBy(section => section.Name)
            .SelectMany(section => section.Options.GetProperties(BindingFlags.Public | BindingFlags.Instance)
                .Where(OptionValues.IsOption)
                .Select(property => new SettingHelp(
                    $"{section.Name}:{property.Name}",
                    DefaultOf(section.Options, property),
                    LimitReader.RangeOf(property),
                    property.GetCustomAttribute<LimitAttribute>()?.Description ?? "")))
            .Append(new SettingHelp(DataDirectory.Key, "", "", "Folder of models, pipelines, database and videos."))
            .Append(new SettingHelp(ConfigurationSources.FileKey, "", "", "Path of a JSON file with settings."))
            .OrderBy(setting => setting.Name, StringComparer.Ordinal),
    ];

    private static string DefaultOf(Type options, PropertyInfo property)
    {
        var values = OptionValues.OfProperty(
            property.Name, property, property.GetValue(Activator.CreateInstance(options))).ToList();
        return values is [var (name, value)] && name == property.Name ? value : "";
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
/// <param name="Value">Value as text, durations and sizes with units, secrets masked.</param>
/// <param name="Origin">Where the value comes from.</param>
internal sealed record EffectiveSetting(string Name, string Value, SettingOrigin Origin);

/// <summary>A configured section that the service does not have.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Guess">The section that may be meant, as a question with a space before it; empty for none.</param>
/// <param name="Origin">Where it comes from.</param>
internal sealed record UnknownSection(string Name, string Guess, SettingOrigin Origin);

/// <summary>What help says about a setting.</summary>
/// <param name="Name">Section and option.</param>
/// <param name="Default">Default value as text; empty for none and for lists.</param>
/// <param name="Range">Its range; empty for none.</param>
/// <param name="Meaning">One sentence; may be empty.</param>
internal sealed record SettingHelp(string Name, string Default, string Range, string Meaning);

/// <summary>A section that AddCheckedOptions registered.</summary>
/// <param name="Name">Name of the section, for example "Submit".</param>
/// <param name="Options">Class of its options.</param>
/// <param name="Read">Reads the options; throws if they are invalid.</param>
internal sealed record OptionSection(string Name, Type Options, Func<IServiceProvider, object> Read);

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
    public static bool IsOption(PropertyInfo property) =>
        property.GetIndexParameters().Length == 0
        && (property.SetMethod?.IsPublic == true
            || (property.PropertyType != typeof(string) && property.PropertyType.IsAssignableTo(typeof(IEnumerable))));

    public static IEnumerable<(string Name, string Value)> OfProperty(
        string name, PropertyInfo property, object? value) =>
        property.GetCustomAttribute<SecretAttribute>() is not null ? [(name, value is null or "" ? "" : Mask)]
            : value is not null && SizeSetting.UnitOf(property) is { } unit
                ? [(name, SizeSetting.Format(Convert.ToInt64(value, CultureInfo.InvariantCulture), unit))]
            : Of(name, value);

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
        TimeSpan time => DurationText.Format(time),
        DateTimeOffset instant => instant.ToString("O", CultureInfo.InvariantCulture),
        bool flag => flag ? "true" : "false",
        _ => UserInformation().Replace(Convert.ToString(value, CultureInfo.InvariantCulture) ?? "", $"//{Mask}@"),
    };

    /// <summary>Matches "user:password" of a URL.</summary>
    [GeneratedRegex(@"//[^/@\s]+@")]
    private static partial Regex UserInformation();
}
