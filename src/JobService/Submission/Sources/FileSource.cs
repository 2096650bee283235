using ForegSyte.Hosting.Errors;
using ForegSyte.Jobs.Storage;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Submission.Sources;

/// <summary>A video that the server reads from a file of its own.</summary>
/// <param name="uri">The uri of the file.</param>
/// <param name="file">The open file; belongs to the source.</param>
/// <param name="storage">Where it goes.</param>
/// <param name="checks">What holds of every video.</param>
internal sealed class FileSource(string uri, FileStream file, IStorage storage, VideoChecks checks) : IVideoSource
{
    private const string Field = "uri";

    private readonly (long Length, DateTime LastWrite) _opened = StateOf(file);

    /// <summary>The file may be large, and may have changed: the same uri is the same request.</summary>
    public ValueTask<string> IdentifyAsync(CancellationToken cancellationToken) => new(uri);

    /// <inheritdoc />
    public ValueTask CheckAsync(CancellationToken cancellationToken)
    {
        checks.RequireSize(Field, _opened.Length);
        VideoChecks.RequireMp4(Field, file);
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc />
    public async Task<StagedVideo> StageAsync(string key, CancellationToken cancellationToken)
    {
        storage.RequireRoom(_opened.Length);
        var artifact = storage.Stage(key);
        try
        {
            var (bytes, sha256) = await HashingCopy.RunAsync(file, artifact.Stream, _opened.Length, cancellationToken);
            if (bytes != _opened.Length || StateOf(file) != _opened)
            {
                throw ServiceException.ForField(
                    ErrorReason.TruncatedMp4, Field,
                    "The file changed while it was copied. Submit it when it is complete.");
            }

            // Times of files are coarse. What is stored has been checked, whatever was written between the looks.
            VideoChecks.RequireMp4(Field, artifact.Stream);
            return new StagedVideo(artifact, sha256);
        }
        catch
        {
            await artifact.DisposeAsync();
            throw;
        }
    }

    /// <inheritdoc />
    public ValueTask DisposeAsync() => file.DisposeAsync();

    private static (long Length, DateTime LastWrite) StateOf(FileStream file) =>
        (RandomAccess.GetLength(file.SafeFileHandle), File.GetLastWriteTimeUtc(file.SafeFileHandle));
}
