using ForegSyte.Jobs.Storage;

namespace ForegSyte.Jobs.Tests.Fakes;

/// <summary>What tests ask storages for.</summary>
internal static class StorageCalls
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>The keys of all artifacts, unordered.</summary>
    public static async Task<List<string>> KeysAsync(this IStorage storage) =>
        await storage.ListKeysAsync("", Cancellation).Select(artifact => artifact.Key).ToListAsync(Cancellation);

    /// <summary>Whether an artifact exists.</summary>
    public static async Task<bool> HasAsync(this IStorage storage, string key) =>
        await storage.ExistsAsync(key, Cancellation);

    /// <summary>The bytes of an artifact.</summary>
    public static async Task<byte[]> ReadAsync(this IStorage storage, string key)
    {
        await using var stream = await storage.OpenReadAsync(key, Cancellation);
        var bytes = new byte[stream.Length];
        await stream.ReadExactlyAsync(bytes, Cancellation);
        return bytes;
    }

    /// <summary>Stores an artifact.</summary>
    public static async Task PutAsync(this IStorage storage, string key, byte[] bytes)
    {
        await using var staged = await storage.StageAsync(key, Cancellation);
        await staged.Stream.WriteAsync(bytes, Cancellation);
        await staged.CommitAsync(Cancellation);
    }

    /// <summary>The manifest of a job in a storage of one JobService; null if it has none.</summary>
    public static Task<JobRecord?> ReadManifestAsync(this IStorage storage, Guid jobId) =>
        JobManifest.ReadAsync(storage, SidecarOf(jobId), Cancellation);

    /// <summary>The key of the manifest of a job in a storage of one JobService.</summary>
    public static string SidecarOf(Guid jobId) => ArtifactKeys.Sidecar(ArtifactKeys.Results(jobId));
}
