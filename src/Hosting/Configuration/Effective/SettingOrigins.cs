using System.Collections;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Configuration.CommandLine;
using Microsoft.Extensions.Configuration.EnvironmentVariables;
using Microsoft.Extensions.Configuration.Json;

namespace ForegSyte.Hosting.Configuration.Effective;

/// <summary>Tells where settings come from.</summary>
internal sealed class SettingOrigins
{
    private static readonly string[] VariablePrefixes = [ConfigurationSources.Prefix, "ASPNETCORE_", "DOTNET_", ""];

    private readonly IConfigurationRoot _configuration;

    /// <summary>The data directory's own origin: what it was found to be is written over it.</summary>
    private readonly SettingOrigin _dataDirectory;

    public SettingOrigins(IConfigurationRoot configuration)
    {
        _configuration = configuration;
        _dataDirectory = Find(DataDirectory.Key);
    }

    /// <summary>The origin of a setting, or of the parts that it consists of.</summary>
    public SettingOrigin Of(string name) => name == DataDirectory.Key ? _dataDirectory : Find(name);

    private SettingOrigin Find(string name)
    {
        // The last source that has it wins.
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

    private static string VariableOf(string name)
    {
        var variables = Environment.GetEnvironmentVariables().Cast<DictionaryEntry>()
            .Select(variable => (string)variable.Key)
            .ToHashSet(StringComparer.OrdinalIgnoreCase);
        var candidates = VariablePrefixes.Select(prefix => prefix + name.Replace(":", "__", StringComparison.Ordinal));
        return candidates.FirstOrDefault(
            candidate => variables.Contains(candidate)
                || variables.Any(name => name.StartsWith(candidate + "__", StringComparison.OrdinalIgnoreCase)))
            ?? "";
    }
}
