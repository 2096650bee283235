namespace ForegSyte.Jobs.Submission;

/// <summary>What a caller is told whose video is too large for one message.</summary>
internal static class InlineLimit
{
    /// <summary>Room in a SubmitVideo message for everything but the video, in bytes.</summary>
    public const int EnvelopeBytes = 64 << 10;

    /// <summary>The way for larger videos.</summary>
    public const string OtherWay =
        "Send larger videos in parts (UploadService) and submit the upload_id, or put the file under a folder of the "
        + "server's option Submit:AllowedRoots and submit its uri, file:///absolute/path.mp4.";
}
