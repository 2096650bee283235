namespace ForegSyte.Jobs;

/// <summary>
/// Which database a start works on. The storage of artifacts notes the latest one that it saw: where it saw a later
/// generation, the database was restored from an older copy, and artifacts without a job are no rubbish.
/// </summary>
/// <param name="DatabaseId">Made with the database.</param>
/// <param name="Generation">Starts of the service on this database, from 1.</param>
internal sealed record StoreGeneration(Guid DatabaseId, long Generation);
