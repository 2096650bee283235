using System.Collections;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Configuration.CommandLine;
using Microsoft.Extensions.Configuration.EnvironmentVariables;
using Microsoft.Extensions.Configuration.Json;

namespace ForegSyte.Hosting.Configuration;

/// <summary>Finds the configuration source of a setting.</summary>
internal sealed class SettingOrigins
{
    private readonly string[] _variablePrefixes;
    private readonly IConfigurationRoot _configuration;

    /// <summary>Origin of the data directory, whose value is overwritten after it was found.</summary>
    private readonly SettingOrigin _dataDirectory;

    public SettingOrigins(IConfigurationRoot configuration, string serviceName)
    {
        _configuration = configuration;
        _variablePrefixes =
            [ConfigurationSources.PrefixOf(serviceName), ConfigurationSources.Prefix, "ASPNETCORE_", "DOTNET_", ""];
        _dataDirectory = Find(DataDirectory.Key);
    }

    /// <summary>Origin of a setting, or of the elements that it consists of.</summary>
    public SettingOrigin Of(string name) => name == DataDirectory.Key ? _dataDirectory : Find(name);

    private SettingOrigin Find(string name)
    {
        // The last source wins.
        var provider = _configuration.Providers.Reverse().FirstOrDefault(provider =>
            provider.TryGet(name, out _) || provider.GetChildKeys([], name).Any());
        return provider switch
        {
            JsonConfigurationProvider { Source: { FileProvider: { } files, Path: { } path } } =>
                new SettingOrigin("file", files.GetFileInfo(path).PhysicalPath ?? path),
            EnvironmentVariablesConfigurationProvider => new SettingOrigin("environment", VariableOf(name)),
            CommandLineConfigurationProvider => new SettingOrigin("command line"),
            _ => SettingOrigin.Default,
        };
    }

    private string VariableOf(string name)
    {
        var variables = Environment.GetEnvironmentVariables().Cast<DictionaryEntry>()
            .Select(variable => (string)variable.Key)
            .ToHashSet(StringComparer.OrdinalIgnoreCase);
        var candidates = _variablePrefixes.Select(prefix => prefix + name.Replace(":", "__", StringComparison.Ordinal));
        return candidates.FirstOrDefault(
            candidate => variables.Contains(candidate)
                || variables.Any(name => name.StartsWith(candidate + "__", StringComparison.OrdinalIgnoreCase)))
            ?? "";
    }
}

/// <summary>Where a setting comes from.</summary>
/// <param name="Source">"default", "file", "environment" or "command line".</param>
/// <param name="Location">Path of the file or name of the variable; otherwise empty.</param>
internal sealed record SettingOrigin(string Source, string Location = "")
{
    /// <summary>The setting is not configured.</summary>
    public static readonly SettingOrigin Default = new("default");

    /// <inheritdoc />
    public override string ToString() => Location.Length == 0 ? Source : $"{Source} {Location}";
}
