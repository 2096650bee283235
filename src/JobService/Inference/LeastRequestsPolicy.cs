namespace ForegSyte.Jobs.Inference;

/// <summary>Chooses the InferenceService for a call: the serving one with the fewest calls in flight. Pure.</summary>
internal static class LeastRequestsPolicy
{
    /// <summary>Returns the index of the chosen instance, the first one of equals; null if none serves.</summary>
    /// <param name="instances">All instances.</param>
    /// <param name="except">
    /// Index of an instance that must not be chosen, because it just failed; null for none.
    /// </param>
    public static int? Pick(IReadOnlyList<InstanceLoad> instances, int? except = null)
    {
        int? chosen = null;
        for (var index = 0; index < instances.Count; index++)
        {
            if (index != except && instances[index].Health == InstanceHealth.Serving
                && (chosen is null || instances[index].CallsInFlight < instances[chosen.Value].CallsInFlight))
            {
                chosen = index;
            }
        }

        return chosen;
    }
}

/// <summary>The load of an InferenceService.</summary>
/// <param name="Health">Its health; null before the first check.</param>
/// <param name="CallsInFlight">Calls that have not ended.</param>
internal readonly record struct InstanceLoad(InstanceHealth? Health, int CallsInFlight);
