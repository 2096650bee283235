using ForegSyte.V1;

namespace ForegSyte.Jobs;

/// <summary>Why an attempt or a job failed.</summary>
/// <param name="Reason">Reason from the published list.</param>
/// <param name="Message">What happened and what to do about it, of any length; shown to the caller as it is.</param>
/// <param name="Metadata">The changing values of the message, for programs.</param>
internal sealed record JobFailure(ErrorReason Reason, string Message, IReadOnlyDictionary<string, string> Metadata)
{
    /// <summary>FFmpeg's last words, without paths; empty where it has nothing to do with the failure.</summary>
    public string LastWords { get; init; } = "";

    public JobFailure(ErrorReason reason, string message)
        : this(reason, message, new Dictionary<string, string>())
    {
    }
}
