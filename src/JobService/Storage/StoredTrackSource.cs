using System.Runtime.CompilerServices;
using ForegSyte.Jobs.Search;

namespace ForegSyte.Jobs.Storage;

/// <summary>Reads the tracks of completed jobs from their artifacts.</summary>
internal sealed class StoredTrackSource(IStorage storage) : ITrackSource
{
    /// <inheritdoc />
    public async IAsyncEnumerable<StoredTrack> ReadAsync(
        JobRecord job, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (!job.HasTracks)
        {
            yield break;
        }

        await using var document = await TracksDocumentReader.OpenAsync(storage, job.OutputPath!, cancellationToken);
        await foreach (var track in document.ReadObjectTracksAsync(firstId: 0, cancellationToken))
        {
            yield return new StoredTrack(track, null);
        }

        await foreach (var track in document.ReadTextTracksAsync(firstId: 0, cancellationToken))
        {
            yield return new StoredTrack(null, track);
        }
    }
}
