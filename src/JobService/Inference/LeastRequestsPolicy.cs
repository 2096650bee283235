namespace ForegSyte.Jobs.Inference;

/// <summary>
/// Chooses the InferenceService for a call: the serving one with the fewest calls in flight, and one that cannot read
/// the storage only if there is no other. Pure.
/// </summary>
internal static class LeastRequestsPolicy
{
    /// <summary>Returns the index of the chosen instance, the first one of equals; null if none serves.</summary>
    /// <param name="instances">All instances.</param>
    /// <param name="except">Indexes of instances that must not be chosen, because they just failed.</param>
    public static int? Pick(IReadOnlyList<InstanceLoad> instances, params IReadOnlyCollection<int> except) =>
        instances.Index()
            .Where(item => item.Item.Health == InstanceHealth.Serving && !except.Contains(item.Index))
            .OrderBy(item => item.Item.CannotRead)
            .ThenBy(item => item.Item.CallsInFlight)
            .Select(item => (int?)item.Index)
            .FirstOrDefault();
}

/// <summary>The load of an InferenceService.</summary>
/// <param name="Health">Its health; null before the first check.</param>
/// <param name="CallsInFlight">Calls that have not ended.</param>
/// <param name="CannotRead">Whether it could not read a stored video a short time ago.</param>
internal readonly record struct InstanceLoad(InstanceHealth? Health, int CallsInFlight, bool CannotRead = false);
