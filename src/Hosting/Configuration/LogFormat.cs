namespace ForegSyte.Hosting.Configuration;

/// <summary>The form of a log line.</summary>
public enum LogFormat
{
    /// <summary>One readable line an event.</summary>
    Text,

    /// <summary>One JSON object a line, with the scopes (job, attempt, request).</summary>
    Json,
}
