namespace ForegSyte.Client;

/// <summary>
/// Changes of a job for <see cref="ForegSyteClient.UpdateJobAsync"/>: a property that is null stays as it is.
/// </summary>
public sealed record JobUpdate
{
    /// <summary>New display name, at most 255 code points without control characters; empty removes it.</summary>
    /// <value>Default: null, unchanged.</value>
    public string? DisplayName { get; init; }

    /// <summary>
    /// New tags, which replace all tags of the job; empty removes them. At most 32. A key has 1 to 63 characters: a
    /// lower-case letter, then lower-case letters, digits, "_" or "-". A value has at most 255 code points without
    /// control characters.
    /// </summary>
    /// <value>Default: null, unchanged.</value>
    public IReadOnlyDictionary<string, string>? Tags { get; init; }

    /// <summary>New priority; 9 runs first. Only for a job that is pending or running.</summary>
    /// <value>Default: null, unchanged. 0 to 9.</value>
    public int? Priority { get; init; }
}
