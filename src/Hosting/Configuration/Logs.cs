using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Configuration.Memory;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;

namespace ForegSyte.Hosting.Configuration;

/// <summary>Logs on standard output: one readable line an event, or JSON with scopes for a log collector.</summary>
internal static class Logs
{
    private const string TimestampFormat = "yyyy-MM-ddTHH:mm:ss.fffZ ";

    /// <summary>The lowest configuration source, so that any other replaces a level.</summary>
    private static readonly Dictionary<string, string?> DefaultLevels = new()
    {
        ["Logging:LogLevel:Default"] = "Information",
        ["Logging:LogLevel:Microsoft.AspNetCore"] = "Warning",
        ["Logging:LogLevel:Grpc"] = "Warning",

        // A refused start is told in one line by RunForegSyteHostAsync; the host would log it with its stack first.
        ["Logging:LogLevel:Microsoft.Extensions.Hosting.Internal.Host"] = "Critical",
        ["Logging:LogLevel:FluentMigrator"] = "Warning",
        ["Logging:LogLevel:ForegSyte.Jobs.Storage.Migrations.DuckDb"] = "Warning",
        ["Logging:LogLevel:Microsoft.Extensions.Diagnostics.HealthChecks"] = "Critical",
    };

    /// <summary>Adds the console in the form that Log:Format asks for.</summary>
    public static void AddForegSyteLogging(this WebApplicationBuilder builder, string serviceName)
    {
        var levels = new MemoryConfigurationSource { InitialData = DefaultLevels };
        ((IConfigurationBuilder)builder.Configuration).Sources.Insert(0, levels);
        builder.Environment.ApplicationName = serviceName;
        builder.Services.AddCheckedOptions<LogOptions>(LogOptions.Section);
        var format = builder.Configuration[$"{LogOptions.Section}:{nameof(LogOptions.Format)}"];
        builder.Logging.ClearProviders();
        if (string.Equals(format, nameof(LogFormat.Json), StringComparison.OrdinalIgnoreCase))
        {
            builder.Logging.AddJsonConsole(Configure);
        }
        else
        {
            builder.Logging.AddSimpleConsole(console =>
            {
                Configure(console);
                console.SingleLine = true;
                console.IncludeScopes = false;
                console.ColorBehavior = LoggerColorBehavior.Disabled;
            });
        }
    }

    private static void Configure(ConsoleFormatterOptions console)
    {
        console.IncludeScopes = true;
        console.UseUtcTimestamp = true;
        console.TimestampFormat = TimestampFormat;
    }
}
