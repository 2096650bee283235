using ForegSyte.Jobs.Storage;
using ForegSyte.Jobs.Tenants;
using ForegSyte.Jobs.Uploads;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Submission;

/// <summary>A video that the caller uploaded in parts.</summary>
/// <param name="uploadId">The upload.</param>
/// <param name="completion">The complete upload, which the source disposes; null if the upload does not exist.</param>
/// <param name="storage">The target.</param>
/// <param name="checks">The checks of every video.</param>
internal sealed class UploadSource(
    Guid uploadId, UploadCompletion? completion, IStorage storage, VideoChecks checks) : IVideoSource
{
    private const string Field = "upload_id";

    /// <inheritdoc />
    public IReadOnlyList<Warning> Warnings { get; private set; } = [];

    private UploadCompletion Completion => completion ?? throw UploadErrors.NotFound(uploadId);

    /// <summary>
    /// The hash of the upload, or "" if the upload is gone. The fingerprint then matches by the upload's id.
    /// </summary>
    public async ValueTask<string> IdentifyAsync(CancellationToken cancellationToken) =>
        completion is null ? "" : "sha256:" + await completion.HashAsync(cancellationToken);

    /// <inheritdoc />
    public async ValueTask CheckAsync(CancellationToken cancellationToken)
    {
        checks.RequireSize(Field, Completion.SizeBytes);
        await Completion.HashAsync(cancellationToken);
        await using var video = File.OpenRead(Completion.Path);
        Warnings = VideoChecks.RequireMp4(Field, video);
    }

    /// <summary>
    /// Gives the upload's file the name of the artifact as a hard link; the upload stays until <see cref="Remove"/>.
    /// Copies the file if the file system has no hard links.
    /// </summary>
    public async Task<StagedVideo> StageAsync(
        string key, VideoReservation space, CancellationToken cancellationToken)
    {
        space.TakeUpload(Completion.SizeBytes, Completion.Tenant);
        var sha256 = await Completion.HashAsync(cancellationToken);
        if (await storage.TryAdoptAsync(Completion.Path, key, cancellationToken) is { } adopted)
        {
            return new StagedVideo(adopted, sha256);
        }

        await using var video = File.OpenRead(Completion.Path);
        return await StagedVideo.CopyAsync(storage, key, video, sha256, space, cancellationToken);
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
