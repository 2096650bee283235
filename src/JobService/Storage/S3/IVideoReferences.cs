namespace ForegSyte.Jobs.Storage.S3;

/// <summary>
/// Records which videos the bucket has, by content, and when each was last used. A video stays while a job refers to it
/// and for a grace time after its last use, in which a submission can insert its job.
/// </summary>
internal interface IVideoReferences
{
    /// <summary>
    /// Records a use of a video. Returns the key of its object; null if the bucket does not have the video.
    /// </summary>
    Task<string?> UseAsync(string contentId, CancellationToken cancellationToken);

    /// <summary>
    /// Records an uploaded video and its use. Returns the key of the object that jobs must use: another one if an equal
    /// video was recorded meanwhile.
    /// </summary>
    /// <param name="contentId">The content.</param>
    /// <param name="key">Key of the uploaded object, which no other upload has.</param>
    /// <param name="bytes">Its size.</param>
    /// <param name="missingKey">Key of a recorded object that does not exist, to be replaced; null if there is none.
    /// </param>
    /// <param name="cancellationToken">Cancels the call.</param>
    Task<string> RecordAsync(
        string contentId, string key, long bytes, string? missingKey, CancellationToken cancellationToken);

    /// <summary>
    /// Forgets videos that no job refers to and that nobody has used for some time. Returns the keys of their objects,
    /// which the caller deletes: no submission can get them any more.
    /// </summary>
    /// <param name="unusedFor">The time.</param>
    /// <param name="limit">Maximum number of videos.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    Task<IReadOnlyList<string>> ForgetUnusedAsync(TimeSpan unusedFor, int limit, CancellationToken cancellationToken);

    /// <summary>Those of the keys that are recorded or that a job refers to.</summary>
    Task<IReadOnlySet<string>> FindKnownAsync(IReadOnlyCollection<string> keys, CancellationToken cancellationToken);
}
