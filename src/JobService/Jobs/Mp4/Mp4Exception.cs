using ForegSyte.V1;

namespace ForegSyte.Jobs.Mp4;

/// <summary>Ends the check at the first problem; never leaves <see cref="Mp4Check"/>.</summary>
internal sealed class Mp4Exception(ErrorReason problem, string message, string detail = "") : Exception(message)
{
    /// <summary>Why the video is refused.</summary>
    public ErrorReason Problem { get; } = problem;

    /// <summary>What in the message changes from video to video.</summary>
    public string Detail { get; } = detail;
}
