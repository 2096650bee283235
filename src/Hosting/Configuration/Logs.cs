using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Configuration.Memory;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;

namespace ForegSyte.Hosting.Configuration;

/// <summary>Logs to standard output: one readable line per event, or JSON with scopes for log collectors.</summary>
internal static class Logs
{
    private const string TimestampFormat = "yyyy-MM-ddTHH:mm:ss.fffZ";

    /// <summary>The source of lowest precedence, so that every other source can change a level.</summary>
    private static readonly Dictionary<string, string?> DefaultLevels = new()
    {
        ["Logging:LogLevel:Default"] = "Information",
        ["Logging:LogLevel:Microsoft.AspNetCore"] = "Warning",
        ["Logging:LogLevel:Grpc"] = "Warning",

        // ForegSyteHost.RunAsync reports a failed start in one line; the host would log a stack trace in addition.
        ["Logging:LogLevel:Microsoft.Extensions.Hosting.Internal.Host"] = "Critical",
        ["Logging:LogLevel:FluentMigrator"] = "Warning",
        ["Logging:LogLevel:ForegSyte.Jobs.Storage.Migrations.DuckDb"] = "Warning",

        // Npgsql logs each statement as information, and each failed one, which its caller reports, as an error.
        ["Logging:LogLevel:Npgsql"] = "Critical",
        ["Logging:LogLevel:Microsoft.Extensions.Diagnostics.HealthChecks"] = "Critical",
    };

    /// <summary>Adds the console logger in the format of Log:Format.</summary>
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
            builder.Logging.AddConsole(console => console.FormatterName = TextLogFormatter.FormatterName);
            builder.Logging.AddConsoleFormatter<TextLogFormatter, ConsoleFormatterOptions>(Configure);
        }
    }

    private static void Configure(ConsoleFormatterOptions console)
    {
        console.IncludeScopes = true;
        console.UseUtcTimestamp = true;
        console.TimestampFormat = TimestampFormat;
    }
}

/// <summary>Log settings; levels are set with Logging:LogLevel:{category} as usual in .NET. Section "Log".</summary>
public sealed class LogOptions
{
    public const string Section = "Log";

    /// <value>Format of log lines.</value>
    [EnumDataType(typeof(LogFormat))]
    public LogFormat Format { get; set; } = LogFormat.Text;
}

/// <summary>Format of log lines.</summary>
public enum LogFormat
{
    /// <summary>One readable line per event.</summary>
    Text,

    /// <summary>One JSON object per line, with scopes (job, attempt, request).</summary>
    Json,
}
