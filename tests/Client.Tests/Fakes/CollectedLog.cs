using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace ForegSyte.Client.Tests.Fakes;

/// <summary>Keeps everything that is logged, at every level, with its exceptions and its structured values.</summary>
internal sealed class CollectedLog : ILoggerFactory, ILogger
{
    private readonly ConcurrentQueue<string> _lines = new();

    public IReadOnlyList<string> Lines => [.. _lines];

    public ILogger CreateLogger(string categoryName) => this;

    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(
        LogLevel logLevel,
        EventId eventId,
        TState state,
        Exception? exception,
        Func<TState, Exception?, string> formatter)
    {
        var values = state as IEnumerable<KeyValuePair<string, object?>> ?? [];
        var written = string.Join(' ', values.Select(value => value.Value));
        _lines.Enqueue($"{formatter(state, exception)} {written} {exception}");
    }

    public void Dispose()
    {
    }
}
