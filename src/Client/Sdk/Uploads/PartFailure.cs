namespace ForegSyte.Client.Uploads;

/// <summary>What the failure of a part says about sending it again.</summary>
internal enum PartFailure
{
    /// <summary>The same again would come to the same.</summary>
    Final,

    /// <summary>The server is away or busy: again as long as it may be away.</summary>
    Outage,

    /// <summary>A defect, or bytes that were changed on the way: again a few times.</summary>
    Defect,
}
