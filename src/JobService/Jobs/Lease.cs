namespace ForegSyte.Jobs;

/// <summary>A dispatcher's time-limited right to work on a job.</summary>
/// <param name="Token">Made anew at every claim; whoever shows an older one is refused.</param>
/// <param name="ExpiresAt">When others may take the job over, unless the lease is renewed.</param>
internal sealed record Lease(Guid Token, DateTimeOffset ExpiresAt);
