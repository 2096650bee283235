namespace ForegSyte.Jobs;

/// <summary>How urgent a job may be: 0 to 9 with 4 in the middle, as in JMS (Jakarta Messaging 3.1, 3.4.9).</summary>
internal static class JobPriority
{
    /// <summary>The least urgent.</summary>
    public const int Lowest = 0;

    /// <summary>Where the caller does not say.</summary>
    public const int Default = 4;

    /// <summary>The most urgent.</summary>
    public const int Highest = 9;
}
