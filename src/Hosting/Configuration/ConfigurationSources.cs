using ForegSyte.Hosting.Configuration.Effective;
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
/// Where settings come from, in rising order: appsettings.json, the file of ConfigurationFile, the environment, the
/// command line.
/// </summary>
internal static class ConfigurationSources
{
    /// <summary>Prefix of ForegSyte's environment variables, for example FOREGSYTE_Listen__Port.</summary>
    public const string Prefix = "FOREGSYTE_";

    /// <summary>The setting that names one more file, for a service that is installed.</summary>
    public const string FileKey = "ConfigurationFile";

    /// <summary>
    /// Adds the prefixed environment below the command line, which keeps the last word, and the appsettings.json beside
    /// the program below that of the current directory: a service may be started from anywhere.
    /// </summary>
    public static void AddForegSyteConfiguration(this WebApplicationBuilder builder)
    {
        var sources = ((IConfigurationBuilder)builder.Configuration).Sources;
        sources.Insert(0, new JsonConfigurationSource
        {
            FileProvider = new PhysicalFileProvider(AppContext.BaseDirectory),
            Path = "appsettings.json",
            Optional = true,
        });
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

    private static void AddFile(IList<IConfigurationSource> sources, int place, string file)
    {
        var path = Path.GetFullPath(file);
        if (!File.Exists(path))
        {
            throw new FileNotFoundException(
                $"There is no configuration file {path} (--{FileKey}, or {Prefix}{FileKey} in the environment).");
        }

        sources.Insert(place, new JsonConfigurationSource
        {
            FileProvider = new PhysicalFileProvider(Path.GetDirectoryName(path)!, ExclusionFilters.None),
            Path = Path.GetFileName(path),
        });
    }
}
