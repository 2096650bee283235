using ForegSyte.Hosting.Errors;
using ForegSyte.Jobs.Storage;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Intake.Sources;

/// <summary>A video that the server reads from a file of its own.</summary>
/// <param name="uri">The uri of the file.</param>
/// <param name="file">The open file; belongs to the source.</param>
/// <param name="storage">Where it goes.</param>
/// <param name="checks">What holds of every video.</param>
internal sealed class FileSource(string uri, Stream file, IStorage storage, VideoChecks checks) : IVideoSource
{
    private const string Field = "uri";

    /// <summary>The file may be large, and may have changed: the same uri is the same request.</summary>
    public ValueTask<string> IdentifyAsync(CancellationToken cancellationToken) => new(uri);

    /// <inheritdoc />
    public ValueTask CheckAsync(CancellationToken cancellationToken)
    {
        checks.RequireSize(Field, file.Length);
        VideoChecks.RequireMp4(Field, file);
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc />
    public async Task<StagedVideo> StageAsync(string key, CancellationToken cancellationToken)
    {
        var length = file.Length;
        storage.RequireRoom(length);
        var artifact = storage.Stage(key);
        try
        {
            var (bytes, sha256) = await HashingCopy.RunAsync(file, artifact.Stream, checks.MaxBytes, cancellationToken);
            return bytes == length && file.Length == length
                ? new StagedVideo(artifact, sha256)
                : throw ServiceException.ForField(
                    ErrorReason.TruncatedMp4, Field,
                    "The file changed while it was copied. Submit it when it is complete.");
        }
        catch
        {
            await artifact.DisposeAsync();
            throw;
        }
    }

    /// <inheritdoc />
    public ValueTask DisposeAsync() => file.DisposeAsync();
}
