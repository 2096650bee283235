using ForegSyte.Hosting.Files;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Configuration.CommandLine;
using Microsoft.Extensions.Configuration.EnvironmentVariables;
using Microsoft.Extensions.Configuration.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.FileProviders;
using Microsoft.Extensions.FileProviders.Physical;

namespace ForegSyte.Hosting.Configuration;

/// <summary>
/// The configuration sources in ascending precedence: appsettings.json, ConfigurationFile, environment, command line.
/// </summary>
internal static class ConfigurationSources
{
    /// <summary>Prefix of environment variables, for example FOREGSYTE_Listen__Port.</summary>
    public const string Prefix = "FOREGSYTE_";

    /// <summary>Setting with the path of an additional configuration file.</summary>
    public const string FileKey = "ConfigurationFile";

    /// <summary>
    /// Adds the prefixed environment variables below the command line, and the ConfigurationFile below them.
    /// </summary>
    public static void AddForegSyteConfiguration(this WebApplicationBuilder builder)
    {
        var sources = ((IConfigurationBuilder)builder.Configuration).Sources;
        var environment = new EnvironmentVariablesConfigurationSource { Prefix = Prefix };
        var commandLine = sources.OfType<CommandLineConfigurationSource>().LastOrDefault();
        if (commandLine is null)
        {
            sources.Add(environment);
        }
        else
        {
            sources.Insert(sources.IndexOf(commandLine), environment);
        }

        if (builder.Configuration[FileKey] is { Length: > 0 } file)
        {
            AddFile(sources, sources.IndexOf(environment), file);
        }

        builder.Services.AddSingleton(new SettingOrigins(builder.Configuration));
        builder.Services.AddSingleton<EffectiveSettings>();
    }

    private static void AddFile(IList<IConfigurationSource> sources, int index, string file)
    {
        var path = Path.GetFullPath(file);
        if (!File.Exists(path))
        {
            throw new FileNotFoundException(
                $"The configuration file {path} does not exist (--{FileKey} or {Prefix}{FileKey}).");
        }

        FileProtection.Require(path, isSecret: false);

        sources.Insert(index, new JsonConfigurationSource
        {
            FileProvider = new PhysicalFileProvider(Path.GetDirectoryName(path)!, ExclusionFilters.None),
            Path = Path.GetFileName(path),
        });
    }
}
