using ForegSyte.Inference.V1;
using Microsoft.Extensions.Caching.Memory;

namespace ForegSyte.Jobs.Storage;

/// <summary>
/// Stores one artifact for each segment and one for the job's plan. The plan is deleted after the last segment, so a
/// job's artifacts are found without listing the folder.
/// </summary>
/// <remarks>
/// Lease tokens are not checked. An attempt that lost its lease harms no other one: a segment's response follows from
/// the video, the pipeline and the range of frames alone, and an artifact is replaced in one step.
/// </remarks>
internal sealed class FileSegmentStore(IStorage storage, ILogger<FileSegmentStore> logger) : ISegmentStore, IDisposable
{
    /// <summary>Maximum number of segments in the cache, for all jobs together; a segment takes 5 bytes.</summary>
    private const int MaxCachedSegments = 4_000_000;

    private readonly MemoryCache _finished = new(new MemoryCacheOptions { SizeLimit = MaxCachedSegments });

    /// <inheritdoc />
    public async Task StorePlanAsync(
        Guid jobId, Guid leaseToken, IReadOnlyList<Segment> plan, CancellationToken cancellationToken)
    {
        await WriteAsync(ArtifactKeys.Plan(jobId), StoredPlan.ToBytes(plan), cancellationToken);
        _finished.Remove(jobId);
    }

    /// <inheritdoc />
    public async ValueTask<IReadOnlyList<Segment>?> ReadPlanAsync(Guid jobId, CancellationToken cancellationToken) =>
        await ReadAsync(ArtifactKeys.Plan(jobId), cancellationToken) is { } content ? StoredPlan.Parse(content) : null;

    /// <inheritdoc />
    /// <remarks>The segments are deleted first, so that a crash leaves none without a plan.</remarks>
    public async Task ShortenPlanAsync(
        Guid jobId, Guid leaseToken, IReadOnlyList<Segment> plan, int length, CancellationToken cancellationToken)
    {
        foreach (var segment in plan.Skip(length))
        {
            await storage.DeleteAsync(KeyOf(jobId, segment), cancellationToken);
        }

        await StorePlanAsync(jobId, leaseToken, [.. plan.Take(length)], cancellationToken);
    }

    /// <inheritdoc />
    public async Task StoreAsync(
        Guid jobId, Guid leaseToken, Segment segment, int attempt, RunPipelineResponse response,
        CancellationToken cancellationToken)
    {
        await WriteAsync(KeyOf(jobId, segment), StoredSegment.ToBytes(attempt, response), cancellationToken);
        if (_finished.TryGetValue(jobId, out Loading? finished) && !finished!.Segments.TryMarkStored(segment))
        {
            // A reader can have put an earlier plan into the cache while this one was stored.
            _finished.Remove(jobId);
        }
    }

    /// <inheritdoc />
    public async ValueTask<RunPipelineResponse?> ReadAsync(
        Guid jobId, Segment segment, int frameStride, CancellationToken cancellationToken) =>
        (await ReadStoredAsync(jobId, segment, frameStride, cancellationToken))?.Response;

    /// <inheritdoc />
    public async ValueTask<RunPipelineResponse?> ReadFinishedAsync(
        JobRecord job, Segment segment, CancellationToken cancellationToken) =>
        await ReadStoredAsync(job.JobId, segment, job.FrameStride, cancellationToken) is { } stored
            && stored.IsFinished(job)
                ? stored.Response
                : null;

    /// <inheritdoc />
    public async ValueTask<FinishedSegments?> FindAsync(Guid jobId, CancellationToken cancellationToken)
    {
        if (!_finished.TryGetValue(jobId, out Loading? loading))
        {
            if (await ReadPlanAsync(jobId, cancellationToken) is not { } plan)
            {
                return null;
            }

            // The storage is read after the entry is in the cache: a segment that is stored meanwhile is then either
            // seen or marked.
            loading = new Loading(new FinishedSegments(plan), segments => MarkStoredAsync(jobId, plan, segments));
            _finished.Set(jobId, loading, new MemoryCacheEntryOptions { Size = Math.Max(1, plan.Count) });
        }

        await loading!.Loaded.Value.WaitAsync(cancellationToken);
        return loading.Segments;
    }

    /// <inheritdoc />
    public async ValueTask RemoveAllAsync(Guid jobId, CancellationToken cancellationToken)
    {
        if (await ReadPlanAsync(jobId, cancellationToken) is { } plan)
        {
            foreach (var segment in plan)
            {
                await storage.DeleteAsync(KeyOf(jobId, segment), cancellationToken);
            }
        }
        else if (await storage.ExistsAsync(ArtifactKeys.Plan(jobId), cancellationToken))
        {
            // The plan is damaged: only the folder tells which segments exist.
            var keys = await storage.ListKeysAsync(jobId.ToString(), cancellationToken)
                .Select(artifact => artifact.Key)
                .Where(key => ArtifactKeys.IsInterim(key) && key != ArtifactKeys.Plan(jobId))
                .ToListAsync(cancellationToken);
            foreach (var key in keys)
            {
                await storage.DeleteAsync(key, cancellationToken);
            }
        }

        await storage.DeleteAsync(ArtifactKeys.Plan(jobId), cancellationToken);
        _finished.Remove(jobId);
    }

    /// <inheritdoc />
    /// <remarks>Artifacts of completed jobs are found by their keys.</remarks>
    public ValueTask<int> RemoveOrphansAsync(CancellationToken cancellationToken) => new(0);

    /// <inheritdoc />
    public void Dispose() => _finished.Dispose();

    private static string KeyOf(Guid jobId, Segment segment) =>
        ArtifactKeys.Segment(jobId, segment.StartFrame, segment.EndFrame);

    /// <summary>Marks the stored segments; a failure takes the entry out of the cache, so that the next call retries.
    /// </summary>
    private async Task MarkStoredAsync(Guid jobId, IReadOnlyList<Segment> plan, FinishedSegments segments)
    {
        try
        {
            foreach (var segment in plan.Where(segment => !segment.IsGap))
            {
                // For all callers that wait, so none of them cancels it.
                if (await storage.ExistsAsync(KeyOf(jobId, segment), CancellationToken.None))
                {
                    segments.TryMarkStored(segment);
                }
            }
        }
        catch
        {
            _finished.Remove(jobId);
            throw;
        }
    }

    /// <inheritdoc />
    public async ValueTask<StoredSegment?> ReadStoredAsync(
        Guid jobId, Segment segment, int frameStride, CancellationToken cancellationToken)
    {
        if (segment.IsGap)
        {
            return StoredSegment.OfGap(segment);
        }

        var key = KeyOf(jobId, segment);
        return await ReadAsync(key, cancellationToken) is { } content
            ? StoredSegment.TryParse(content, key, segment, frameStride, logger)
            : null;
    }

    private async Task WriteAsync(string key, byte[] content, CancellationToken cancellationToken)
    {
        await using var artifact = await storage.StageAsync(key, cancellationToken);
        await ChecksummedBlob.WriteAsync(artifact.Stream, content, cancellationToken);
        await artifact.CommitAsync(cancellationToken);
    }

    private async ValueTask<byte[]?> ReadAsync(string key, CancellationToken cancellationToken)
    {
        try
        {
            await using var stream = await storage.OpenReadAsync(key, cancellationToken);
            if (await ChecksummedBlob.ReadAsync(stream, cancellationToken) is { } content)
            {
                return content;
            }

            logger.LogWarning("Artifact {Key} is damaged: wrong checksum", key);
        }
        catch (FileNotFoundException)
        {
            // Not stored, or deleted meanwhile.
        }
        catch (IOException failure)
        {
            logger.LogWarning(failure, "Artifact {Key} cannot be read", key);
        }

        return null;
    }

    /// <summary>The finished segments of a job, of which <paramref name="load"/> marks the stored ones once.</summary>
    private sealed class Loading(FinishedSegments segments, Func<FinishedSegments, Task> load)
    {
        public FinishedSegments Segments => segments;

        public Lazy<Task> Loaded { get; } = new(() => load(segments));
    }
}
