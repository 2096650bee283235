using System.Diagnostics;
using ForegSyte.Client;
using OpenTelemetry;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace ForegSyte.CommandLine.Running;

/// <summary>
/// The trace of one command: a span around all its calls, sent to the collector that OpenTelemetry's own variables name
/// (OTEL_EXPORTER_OTLP_ENDPOINT). Nothing is made where they name none. Disposing sends what is left.
/// </summary>
internal sealed class CommandTrace : IDisposable
{
    private const string SourceName = "ForegSyte.CommandLine";
    private static readonly ActivitySource Source = new(SourceName);

    private readonly TracerProvider? _provider;
    private readonly Activity? _span;

    /// <summary>Begins it.</summary>
    /// <param name="environment">Says whether there is a collector.</param>
    /// <param name="command">Name of the command.</param>
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

    /// <summary>Says how the command ended.</summary>
    public void SetExitCode(int exitCode) => _span
        ?.SetTag("process.exit.code", exitCode)
        .SetStatus(exitCode == 0 ? ActivityStatusCode.Unset : ActivityStatusCode.Error);

    /// <inheritdoc />
    public void Dispose()
    {
        _span?.Dispose();
        _provider?.Dispose();
    }
}
