namespace ForegSyte.Jobs.Retention;

/// <summary>
/// Tells whether a database knows all jobs whose artifacts are in the storage. Pure. The storage keeps a note of the
/// latest generation that it was used with; each start is a generation of its own.
/// </summary>
internal static class GenerationCheck
{
    /// <summary>Note of a storage whose artifacts no database is known to know.</summary>
    public static StoreGeneration Unknown { get; } = new(Guid.Empty, 0);

    /// <summary>
    /// Why artifacts without a job may be all that is left of jobs; null where they are rubbish.
    /// </summary>
    /// <param name="noted">The storage's note; null where it has none.</param>
    /// <param name="current">The generation that has just begun.</param>
    /// <param name="hasArtifacts">Whether there are any.</param>
    public static string? DoubtOf(StoreGeneration? noted, StoreGeneration current, bool hasArtifacts) => noted switch
    {
        null when !hasArtifacts => null,
        null => "the storage was never used with this database",
        _ when noted == Unknown => "an earlier start found artifacts that the database does not know",
        _ when noted.DatabaseId != current.DatabaseId => "the storage was last used with another database",
        _ when noted.Generation >= current.Generation => "the database is an older copy",
        _ => null,
    };
}
