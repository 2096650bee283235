using System.Diagnostics;
using ForegSyte.Client;
using OpenTelemetry;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace ForegSyte.CommandLine.Invocation;

/// <summary>
/// The trace of one command: a span around its calls, exported to the collector of OpenTelemetry's environment
/// variables (OTEL_EXPORTER_OTLP_ENDPOINT). Does nothing without a collector. Disposing exports the remaining spans.
/// </summary>
internal sealed class CommandTrace : IDisposable
{
    private const string SourceName = "ForegSyte.CommandLine";
    private static readonly ActivitySource Source = new(SourceName);

    private readonly TracerProvider? _provider;
    private readonly Activity? _span;

    public CommandTrace(CommandEnvironment environment, string command)
    {
        if (IsSet("OTEL_EXPORTER_OTLP_ENDPOINT") || IsSet("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"))
        {
            _provider = Sdk.CreateTracerProviderBuilder()
                .ConfigureResource(resource => resource.AddService("foregsyte").AddEnvironmentVariableDetector())
                .AddSource(SourceName, ForegSyteTraces.SourceName)
                .AddOtlpExporter()
                .Build();
            _span = Source.StartActivity($"foregsyte {command}");
        }

        bool IsSet(string name) => !string.IsNullOrEmpty(environment.EnvironmentVariable(name));
    }

    public void SetExitCode(int exitCode) => _span
        ?.SetTag("process.exit.code", exitCode)
        .SetStatus(exitCode == 0 ? ActivityStatusCode.Unset : ActivityStatusCode.Error);

    public void Dispose()
    {
        _span?.Dispose();
        _provider?.Dispose();
    }
}
