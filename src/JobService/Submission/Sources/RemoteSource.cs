using System.Security.Cryptography;
using System.Text;
using ForegSyte.Jobs.Fetching;
using ForegSyte.Jobs.Storage;

namespace ForegSyte.Jobs.Submission.Sources;

/// <summary>A video that the server fetches from another one.</summary>
/// <param name="uri">The uri of the submission.</param>
/// <param name="video">Where it is, allowed.</param>
/// <param name="fetcher">Fetches it.</param>
/// <param name="storage">Where it goes.</param>
/// <param name="checks">What holds of every video.</param>
internal sealed class RemoteSource(
    string uri, RemoteVideo video, VideoFetcher fetcher, IStorage storage, VideoChecks checks) : IVideoSource
{
    private const string Field = "uri";

    /// <summary>
    /// The same uri is the same request. Its hash, since this is kept with the job and the uri may hold a signature.
    /// </summary>
    public ValueTask<string> IdentifyAsync(CancellationToken cancellationToken) =>
        new("uri-sha256:" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(uri))));

    /// <summary>Nothing is known of the video yet: nobody was asked.</summary>
    public ValueTask CheckAsync(CancellationToken cancellationToken) => ValueTask.CompletedTask;

    /// <inheritdoc />
    public async Task<StagedVideo> StageAsync(string key, CancellationToken cancellationToken)
    {
        var artifact = storage.Stage(key);
        try
        {
            using var sink = new StagedFetch(Field, artifact.Stream, storage, checks);
            await fetcher.FetchAsync(video, sink, cancellationToken);
            VideoChecks.RequireMp4(Field, artifact.Stream);
            return new StagedVideo(artifact, sink.Sha256());
        }
        catch
        {
            await artifact.DisposeAsync();
            throw;
        }
    }

    /// <inheritdoc />
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
