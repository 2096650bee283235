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
    private const string Field = "source_job_id";

    /// <inheritdoc />
    public IReadOnlyList<Warning> Warnings { get; private set; } = [];

    /// <inheritdoc />
    public long NewBytes { get; private set; }

    private JobRecord Job => job ?? throw StatusErrors.NotFound(jobId);

    /// <summary>
    /// The id alone: the video of a job never changes, and a repetition finds its job even if the other one is deleted.
    /// </summary>
    public ValueTask<string> IdentifyAsync(CancellationToken cancellationToken) => new($"job:{jobId}");

    /// <inheritdoc />
    public ValueTask CheckAsync(CancellationToken cancellationToken)
    {
        using var video = Open();
        NewBytes = video.Length;
        Warnings = VideoChecks.RequireMp4(Field, video);
        return ValueTask.CompletedTask;
    }

    /// <summary>
    /// Gives the video a second name, which keeps it if the other job is deleted meanwhile. Copies it if the other job
    /// belongs to another tenant, which would see that its deletion frees nothing, or if the file system has no hard
    /// links.
    /// </summary>
    public async Task<StagedVideo> StageAsync(
        string key, VideoReservation space, CancellationToken cancellationToken)
    {
        await using var video = Open();
        space.Take(video.Length);
        var sha256 = Job.VideoSha256 ?? Convert.ToHexStringLower(await SHA256.HashDataAsync(video, cancellationToken));
        if (Job.Tenant == space.Tenant && TryLink(key) is { } linked)
        {
            return new StagedVideo(linked, sha256);
        }

        video.Position = 0;
        return await StagedVideo.CopyAsync(storage, key, video, sha256, space, cancellationToken);
    }

    /// <inheritdoc />
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private Stream Open()
    {
        try
        {
            return storage.OpenRead(Job.InputPath);
        }
        catch (FileNotFoundException)
        {
            throw VideoGone();
        }
    }

    private IStagedArtifact? TryLink(string key)
    {
        try
        {
            return storage.TryLink(Job.InputPath, key);
        }
        catch (FileNotFoundException)
        {
            throw VideoGone();
        }
    }

    private ServiceException VideoGone() =>
        StatusErrors.VideoGone(Job, "so it cannot be analyzed again. Submit the video itself.");
}
