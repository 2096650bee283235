using ForegSyte.Hosting.Errors;
using ForegSyte.Jobs.Storage;
using ForegSyte.Jobs.Tenants;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Submission;

/// <summary>
/// One way in which a video arrives. <see cref="VideoSubmitter"/> calls the methods in this order, each at most once.
/// They refuse a video with a <see cref="ServiceException"/>; disposing the source leaves nothing behind.
/// </summary>
internal interface IVideoSource : IAsyncDisposable
{
    /// <summary>What the checks found although they accept the video; complete after <see cref="StageAsync"/>.
    /// </summary>
    IReadOnlyList<Warning> Warnings { get; }

    /// <summary>
    /// Bytes that storing the video adds to those of its tenant, as far as known after <see cref="CheckAsync"/>.
    /// </summary>
    long NewBytes => 0;

    /// <summary>
    /// A text that is equal for repetitions of the same request. Called only for requests with a request_id, and before
    /// the video is read.
    /// </summary>
    ValueTask<string> IdentifyAsync(CancellationToken cancellationToken);

    /// <summary>Checks what is known before the video is moved: its size, and its boxes if they can be read.</summary>
    ValueTask CheckAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Writes the whole video under a storage key without committing it, and checks what <see cref="CheckAsync"/> could
    /// not.
    /// </summary>
    /// <param name="key">The key.</param>
    /// <param name="space">Reserves the bytes before they are stored.</param>
    /// <param name="cancellationToken">Cancels the write.</param>
    Task<StagedVideo> StageAsync(string key, VideoReservation space, CancellationToken cancellationToken);

    /// <summary>Removes the source's own copy of the video after the job became durable.</summary>
    void Remove()
    {
        // Only uploads keep a copy.
    }
}

/// <summary>A complete and checked video that is not committed yet.</summary>
/// <param name="Artifact">The bytes.</param>
/// <param name="Sha256">SHA-256 of the bytes, 64 lower-case hexadecimal digits.</param>
internal sealed record StagedVideo(IStagedArtifact Artifact, string Sha256) : IAsyncDisposable
{
    private const int CopyBytes = 1 << 20;

    /// <summary>Stages a video. A failure leaves nothing behind.</summary>
    /// <param name="storage">The storage.</param>
    /// <param name="key">The key of the video.</param>
    /// <param name="write">Writes the video and returns its SHA-256.</param>
    /// <param name="cancellationToken">Cancels the start.</param>
    public static async Task<StagedVideo> WriteAsync(
        IStorage storage, string key, Func<Stream, Task<string>> write, CancellationToken cancellationToken)
    {
        var artifact = await storage.StageAsync(key, cancellationToken);
        try
        {
            return new StagedVideo(artifact, await write(artifact.Stream));
        }
        catch
        {
            await artifact.DisposeAsync();
            throw;
        }
    }

    /// <summary>Stages a copy of a file that does not change.</summary>
    public static async Task<StagedVideo> CopyAsync(
        IStorage storage, string key, Stream video, string sha256, VideoReservation space,
        CancellationToken cancellationToken)
    {
        using var room = space.ReserveRoom(video.Length);
        return await WriteAsync(storage, key, async target =>
        {
            var buffer = new byte[CopyBytes];
            while (await video.ReadAsync(buffer, cancellationToken) is > 0 and var read)
            {
                await target.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
                room.Wrote(read);
            }

            return sha256;
        }, cancellationToken);
    }

    /// <inheritdoc />
    public ValueTask DisposeAsync() => Artifact.DisposeAsync();
}
