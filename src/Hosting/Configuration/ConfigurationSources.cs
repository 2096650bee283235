using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Configuration.CommandLine;
using Microsoft.Extensions.Configuration.EnvironmentVariables;
using Microsoft.Extensions.Configuration.Json;
using Microsoft.Extensions.FileProviders;

namespace ForegSyte.Hosting.Configuration;

/// <summary>Where settings come from, in rising order: appsettings.json, the environment, the command line.</summary>
internal static class ConfigurationSources
{
    /// <summary>Prefix of ForegSyte's environment variables, for example FOREGSYTE_Listen__Port.</summary>
    private const string Prefix = "FOREGSYTE_";

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
    }
}
