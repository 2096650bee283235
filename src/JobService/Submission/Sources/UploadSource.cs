using ForegSyte.Jobs.Storage;
using ForegSyte.Jobs.Uploads;

namespace ForegSyte.Jobs.Submission.Sources;

/// <summary>A video that came in parts.</summary>
/// <param name="uploadId">The upload.</param>
/// <param name="completion">The complete upload, which belongs to the source; null where there is none.</param>
/// <param name="storage">Where it goes.</param>
/// <param name="checks">What holds of every video.</param>
internal sealed class UploadSource(
    Guid uploadId, UploadCompletion? completion, IStorage storage, VideoChecks checks) : IVideoSource
{
    private const string Field = "upload_id";

    private UploadCompletion Completion => completion ?? throw UploadErrors.NotFound(uploadId);

    /// <summary>
    /// What an upload held that is gone by now is not known any more. A repetition is known by the upload's id then.
    /// </summary>
    public async ValueTask<string> IdentifyAsync(CancellationToken cancellationToken) =>
        completion is null ? "" : "sha256:" + await completion.HashAsync(cancellationToken);

    /// <inheritdoc />
    public async ValueTask CheckAsync(CancellationToken cancellationToken)
    {
        checks.RequireSize(Field, Completion.SizeBytes);
        await Completion.HashAsync(cancellationToken);
        await using var video = File.OpenRead(Completion.Path);
        VideoChecks.RequireMp4(Field, video);
    }

    /// <summary>
    /// The upload's file itself becomes the artifact, with a second name, and stays an upload until
    /// <see cref="Remove"/>. Where files cannot have two names it is copied.
    /// </summary>
    public async Task<StagedVideo> StageAsync(string key, CancellationToken cancellationToken)
    {
        var sha256 = await Completion.HashAsync(cancellationToken);
        if (storage.TryAdopt(Completion.Path, key) is { } adopted)
        {
            return new StagedVideo(adopted, sha256);
        }

        storage.RequireRoom(Completion.SizeBytes);
        var artifact = storage.Stage(key);
        try
        {
            await using var video = File.OpenRead(Completion.Path);
            await video.CopyToAsync(artifact.Stream, cancellationToken);
            return new StagedVideo(artifact, sha256);
        }
        catch
        {
            await artifact.DisposeAsync();
            throw;
        }
    }

    /// <inheritdoc />
    public void Remove() => completion?.Remove();

    /// <inheritdoc />
    public ValueTask DisposeAsync()
    {
        completion?.Dispose();
        return ValueTask.CompletedTask;
    }
}
