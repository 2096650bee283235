using System.Runtime.CompilerServices;
using ForegSyte.Jobs.Storage;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Grpc;

/// <summary>The tracks of completed jobs in their tracks documents.</summary>
internal sealed class StoredTracks(IStorage storage) : IJobTracks
{
    /// <inheritdoc />
    public async IAsyncEnumerable<ObjectTrack> ReadObjectTracksAsync(
        JobRecord job, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (!job.HasTracks)
        {
            yield break;
        }

        await using var document = await TracksDocumentReader.OpenAsync(storage, job.OutputPath!, cancellationToken);
        await foreach (var track in document.ReadObjectTracksAsync(firstId: 0, cancellationToken))
        {
            yield return track;
        }
    }

    /// <inheritdoc />
    public async IAsyncEnumerable<TextTrack> ReadTextTracksAsync(
        JobRecord job, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (!job.HasTracks)
        {
            yield break;
        }

        await using var document = await TracksDocumentReader.OpenAsync(storage, job.OutputPath!, cancellationToken);
        await foreach (var track in document.ReadTextTracksAsync(firstId: 0, cancellationToken))
        {
            yield return track;
        }
    }
}
