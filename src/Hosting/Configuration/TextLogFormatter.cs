using ForegSyte.Protocol.Text;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;
using Microsoft.Extensions.Options;

namespace ForegSyte.Hosting.Configuration;

/// <summary>
/// Writes an event as one line: time, level, category[event id], message, exception. Text from callers cannot forge a
/// line or control a terminal, because control characters are escaped; .NET's own formatter writes them.
/// </summary>
internal sealed class TextLogFormatter(IOptionsMonitor<ConsoleFormatterOptions> options)
    : ConsoleFormatter(FormatterName)
{
    /// <summary>Name under which the formatter is registered.</summary>
    public const string FormatterName = "line";

    /// <inheritdoc />
    public override void Write<TState>(
        in LogEntry<TState> logEntry, IExternalScopeProvider? scopeProvider, TextWriter textWriter)
    {
        var message = logEntry.Formatter(logEntry.State, logEntry.Exception);
        if (options.CurrentValue.TimestampFormat is { } format)
        {
            textWriter.Write(TimeProvider.System.GetUtcNow().ToString(format, null));
            textWriter.Write(' ');
        }

        textWriter.Write($"{NameOf(logEntry.LogLevel)}: {logEntry.Category}[{logEntry.EventId.Id}] ");
        textWriter.Write(ControlCharacters.Escape(message));
        if (logEntry.Exception is { } exception)
        {
            var trace = exception.ToString().ReplaceLineEndings(" ");
            textWriter.Write($" {ControlCharacters.Escape(trace)}");
        }

        textWriter.Write(Environment.NewLine);
    }

    private static string NameOf(LogLevel level) => level switch
    {
        LogLevel.Trace => "trce",
        LogLevel.Debug => "dbug",
        LogLevel.Information => "info",
        LogLevel.Warning => "warn",
        LogLevel.Error => "fail",
        _ => "crit",
    };
}
