using ForegSyte.V1;

namespace ForegSyte.Jobs.Search;

/// <summary>Reads the stored tracks of completed jobs.</summary>
internal interface ITrackSource
{
    /// <summary>
    /// The objects and texts of a completed job, each kind in the order of its ids; nothing if the job has no tracks,
    /// as jobs of earlier versions.
    /// </summary>
    /// <exception cref="Hosting.Errors.ServiceException">The tracks are damaged, or the storage does not answer.
    /// </exception>
    IAsyncEnumerable<StoredTrack> ReadAsync(JobRecord job, CancellationToken cancellationToken);
}

/// <summary>An object or a text; the other is null.</summary>
internal readonly record struct StoredTrack(ObjectTrack? Object, TextTrack? Text);
