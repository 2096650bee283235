using ForegSyte.V1;

namespace ForegSyte.Jobs.Mp4;

/// <summary>What the check of a video says.</summary>
/// <param name="Problem">Why the video is refused; null where it is not.</param>
/// <param name="Message">What is wrong and what to do about it; empty where nothing is.</param>
/// <param name="Detail">What in the message changes from video to video; may be empty.</param>
internal sealed record Mp4Verdict(ErrorReason? Problem, string Message, string Detail = "")
{
    /// <summary>Nothing speaks against decoding the video.</summary>
    public static readonly Mp4Verdict Acceptable = new(null, "");
}
