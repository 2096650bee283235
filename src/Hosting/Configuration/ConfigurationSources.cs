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

    /// <summary>
    /// The services. A variable with the name of one, such as FOREGSYTE_JobService__Listen__Port, reaches it alone, and
    /// comes before one for both.
    /// </summary>
    public static readonly IReadOnlyList<string> Services = ["JobService", "InferenceService"];

    /// <summary>Prefix of the environment variables of one service.</summary>
    public static string PrefixOf(string serviceName) => $"{Prefix}{serviceName}__";

    /// <summary>Setting with the path of an additional configuration file.</summary>
    public const string FileKey = "ConfigurationFile";

    /// <summary>
    /// Adds the prefixed environment variables below the command line, and the ConfigurationFile below them.
    /// </summary>
    public static void AddForegSyteConfiguration(this WebApplicationBuilder builder, string serviceName)
    {
        var sources = ((IConfigurationBuilder)builder.Configuration).Sources;
        var environment = new EnvironmentVariablesConfigurationSource { Prefix = Prefix };
        var ofService = new EnvironmentVariablesConfigurationSource { Prefix = PrefixOf(serviceName) };
        var commandLine = sources.OfType<CommandLineConfigurationSource>().LastOrDefault();
        var index = commandLine is null ? sources.Count : sources.IndexOf(commandLine);
        sources.Insert(index, ofService);
        sources.Insert(index, environment);

        if (builder.Configuration[FileKey] is { Length: > 0 } file)
        {
            AddFile(sources, sources.IndexOf(environment), file);
        }

        builder.Services.AddSingleton(new SettingOrigins(builder.Configuration, serviceName));
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
