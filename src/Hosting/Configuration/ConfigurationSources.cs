using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Configuration.CommandLine;
using Microsoft.Extensions.Configuration.EnvironmentVariables;

namespace ForegSyte.Hosting.Configuration;

/// <summary>Where settings come from, in rising order: appsettings.json, the environment, the command line.</summary>
internal static class ConfigurationSources
{
    /// <summary>Prefix of ForegSyte's environment variables, for example FOREGSYTE_Listen__Port.</summary>
    private const string Prefix = "FOREGSYTE_";

    /// <summary>Adds the prefixed environment below the command line, which keeps the last word.</summary>
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
    }
}
