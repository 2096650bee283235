using System.Security.Cryptography;
using ForegSyte.Hosting.Errors;
using ForegSyte.Jobs.Storage;
using ForegSyte.Jobs.Tenants;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Submission;

/// <summary>The stored video of another job. It passed the limits of sizes when it was stored.</summary>
/// <param name="jobId">The other job.</param>
/// <param name="job">Its record; null if it does not exist or the caller cannot see it.</param>
/// <param name="storage">Source and target.</param>
internal sealed class JobSource(Guid jobId, JobRecord? job, IStorage storage) : IVideoSource
{
    /// <inheritdoc />
    public IReadOnlyList<Warning> Warnings { get; private set; } = [];

    /// <inheritdoc />
    public long NewBytes { get; private set; }

    private JobRecord Job => job ?? throw StatusErrors.NotFound(jobId);

    /// <summary>
    /// The id alone: the video of a job never changes, and a repetition finds its job even if the other one is deleted.
    /// </summary>
    public ValueTask<string> IdentifyAsync(CancellationToken cancellationToken) => new($"job:{jobId}");

    /// <summary>The boxes of the video were checked when it was stored; the other job's record has the warnings.
    /// </summary>
    public async ValueTask CheckAsync(CancellationToken cancellationToken)
    {
        await using var video = await OpenAsync(cancellationToken);
        NewBytes = video.Length;
        Warnings = [.. Job.Warnings.OfFile().ToMessages()];
    }

    /// <summary>
    /// Gives the video a second name, which keeps it if the other job is deleted meanwhile. Copies it if the other job
    /// belongs to another tenant, which would see that its deletion frees nothing, or if the file system has no hard
    /// links.
    /// </summary>
    public async Task<StagedVideo> StageAsync(
        string key, VideoReservation space, CancellationToken cancellationToken)
    {
        await using var video = await OpenAsync(cancellationToken);
        space.Take(video.Length);
        var sha256 = Job.VideoSha256 ?? Convert.ToHexStringLower(await SHA256.HashDataAsync(video, cancellationToken));
        if (Job.Tenant == space.Tenant && await TryLinkAsync(key, cancellationToken) is { } linked)
        {
            return new StagedVideo(linked, sha256);
        }

        video.Position = 0;
        return await StagedVideo.CopyAsync(storage, key, video, sha256, space, cancellationToken);
    }

    /// <inheritdoc />
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private async Task<Stream> OpenAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await storage.OpenReadAsync(Job.InputPath, cancellationToken);
        }
        catch (FileNotFoundException)
        {
            throw VideoGone();
        }
    }

    private async Task<IStagedArtifact?> TryLinkAsync(string key, CancellationToken cancellationToken)
    {
        try
        {
            return await storage.TryLinkAsync(Job.InputPath, key, cancellationToken);
        }
        catch (FileNotFoundException)
        {
            throw VideoGone();
        }
    }

    private ServiceException VideoGone() =>
        StatusErrors.VideoGone(Job, "so it cannot be analyzed again. Submit the video itself.");
}
