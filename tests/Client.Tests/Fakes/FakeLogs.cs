using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Testing;

namespace ForegSyte.Client.Tests.Fakes;

/// <summary>Extensions of <see cref="FakeLoggerProvider"/>.</summary>
internal static class FakeLogs
{
    /// <summary>Creates a factory that sends the logs of every level to the provider.</summary>
    public static ILoggerFactory ToFactory(this FakeLoggerProvider provider) =>
        LoggerFactory.Create(logging => logging.SetMinimumLevel(LogLevel.Trace).AddProvider(provider));

    /// <summary>Message, values and exception of each record.</summary>
    public static IEnumerable<string> Texts(this FakeLoggerProvider provider) => provider.Collector
        .GetSnapshot()
        .Select(record => $"{record.Message} {string.Join(' ', record.StructuredState ?? [])} {record.Exception}");
}
