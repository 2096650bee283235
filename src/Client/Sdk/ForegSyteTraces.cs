using System.Diagnostics;

namespace ForegSyte.Client;

/// <summary>
/// The spans of the client, for OpenTelemetry's AddSource(<see cref="SourceName"/>): one for each call, and one around
/// all calls of a SubmitFileAsync. What the server does for a job belongs to the trace of the call that submitted it.
/// Where nobody listens, the caller's own span is sent along, if there is one.
/// </summary>
public static class ForegSyteTraces
{
    /// <summary>Name of the source.</summary>
    public const string SourceName = "ForegSyte.Client";

    /// <summary>Name of the span around all calls that submit a file.</summary>
    internal const string SubmitFile = "SubmitFile";

    internal static readonly ActivitySource Source = new(SourceName);
}
