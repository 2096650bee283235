using System.Diagnostics;

namespace ForegSyte.Client;

/// <summary>
/// The client's spans for OpenTelemetry's AddSource(<see cref="SourceName"/>): one for each call, and one around all
/// calls of SubmitFileAsync.
/// </summary>
/// <remarks>
/// The server's work on a job belongs to the trace of the call that submitted it. Without a listener, the client sends
/// the caller's current span, if any.
/// </remarks>
public static class ForegSyteTraces
{
    /// <summary>Name of the activity source.</summary>
    public const string SourceName = "ForegSyte.Client";

    internal const string SubmitFile = "SubmitFile";

    internal static readonly ActivitySource Source = new(SourceName);
}
