namespace ForegSyte.Inference.Grpc;

/// <summary>Keeps the list of key frames within a message.</summary>
internal static class KeyFrameList
{
    /// <summary>All entries, or every n-th of them from the first on where there are more than allowed.</summary>
    public static IEnumerable<int> Thin(IReadOnlyList<int> keyFrames, int maxEntries)
    {
        var step = Math.Max(1, (keyFrames.Count + maxEntries - 1) / maxEntries);
        for (var entry = 0; entry < keyFrames.Count; entry += step)
        {
            yield return keyFrames[entry];
        }
    }
}
