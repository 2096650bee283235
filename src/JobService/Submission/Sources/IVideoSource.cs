using ForegSyte.Hosting.Errors;

namespace ForegSyte.Jobs.Submission.Sources;

/// <summary>
/// One way for a video to come in. The intake asks for these things in this order, each at most once; what is refused
/// is a <see cref="ServiceException"/>, and disposing leaves nothing behind.
/// </summary>
internal interface IVideoSource : IAsyncDisposable
{
    /// <summary>
    /// What tells a repetition of the same request from another request; asked only where there is a request_id, and
    /// before the video is looked at.
    /// </summary>
    ValueTask<string> IdentifyAsync(CancellationToken cancellationToken);

    /// <summary>Refuses what can be refused before the video is moved: its size, its boxes where they can be read.
    /// </summary>
    ValueTask CheckAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Writes the whole video under a storage key, without committing it, and refuses what <see cref="CheckAsync"/>
    /// could not yet see.
    /// </summary>
    Task<StagedVideo> StageAsync(string key, CancellationToken cancellationToken);

    /// <summary>The job of the video is durable: what the source itself keeps of the video goes.</summary>
    void Remove()
    {
        // Most keep nothing.
    }
}
