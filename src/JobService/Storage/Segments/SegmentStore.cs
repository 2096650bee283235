using System.Buffers.Binary;
using ForegSyte.V1;
using Google.Protobuf;
using Microsoft.Extensions.Caching.Memory;

namespace ForegSyte.Jobs.Storage.Segments;

/// <summary>
/// The finished segments of jobs that are not completed yet: an artifact for each, and one with the job's plan, which
/// is there before the first segment and goes after the last. So everything of a job is found without listing a folder.
/// Which segments are stored is kept in memory for the jobs that were asked for lately.
/// </summary>
internal sealed class SegmentStore(IStorage storage, ILogger<SegmentStore> logger) : IDisposable
{
    /// <summary>Segments of all jobs that are kept in mind, 5 bytes each; a job with more is looked up anew.</summary>
    public const int MaxRememberedSegments = 4_000_000;

    private readonly MemoryCache _finished = new(new MemoryCacheOptions { SizeLimit = MaxRememberedSegments });

    /// <summary>Stores the plan of a job, before its first segment.</summary>
    public async Task StorePlanAsync(Guid jobId, IReadOnlyList<Segment> plan, CancellationToken cancellationToken)
    {
        var content = new byte[plan.Count * sizeof(int)];
        foreach (var segment in plan)
        {
            BinaryPrimitives.WriteInt32LittleEndian(content.AsSpan(segment.Number * sizeof(int)), segment.EndFrame);
        }

        await WriteAsync(ArtifactKeys.Plan(jobId), content, cancellationToken);
        _finished.Remove(jobId);
    }

    /// <summary>The plan of a job; null where there is none, or none that can be read.</summary>
    public IReadOnlyList<Segment>? ReadPlan(Guid jobId)
    {
        if (Read(ArtifactKeys.Plan(jobId)) is not { } content)
        {
            return null;
        }

        var plan = new Segment[content.Length / sizeof(int)];
        var start = 0;
        for (var number = 0; number < plan.Length; number++)
        {
            var end = BinaryPrimitives.ReadInt32LittleEndian(content.AsSpan(number * sizeof(int)));
            plan[number] = new Segment(number, start, end);
            start = end;
        }

        return plan;
    }

    /// <summary>Stores what a segment came to. When this returns, it survives a crash.</summary>
    public async Task StoreAsync(
        Guid jobId, Segment segment, RunPipelineResponse answer, CancellationToken cancellationToken)
    {
        await WriteAsync(KeyOf(jobId, segment), answer.ToByteArray(), cancellationToken);
        if (_finished.TryGetValue(jobId, out Lazy<FinishedSegments>? finished))
        {
            finished!.Value.Mark(segment.Number, isStored: true);
        }
    }

    /// <summary>
    /// What a segment came to; null where it is not stored, or damaged, which is to be taken as not stored.
    /// </summary>
    /// <param name="jobId">The job.</param>
    /// <param name="segment">One of its plan.</param>
    /// <param name="frameStride">The job's stride.</param>
    public RunPipelineResponse? Read(Guid jobId, Segment segment, int frameStride)
    {
        var key = KeyOf(jobId, segment);
        if (Read(key) is not { } content)
        {
            return null;
        }

        try
        {
            var answer = RunPipelineResponse.Parser.ParseFrom(content);
            if (SegmentCheck.DefectOf(segment, frameStride, answer) is not { } defect)
            {
                return answer;
            }

            logger.LogWarning("The stored segment {Key} is not taken: {Defect}", key, defect);
        }
        catch (InvalidProtocolBufferException failure)
        {
            logger.LogWarning(failure, "The stored segment {Key} cannot be read", key);
        }

        return null;
    }

    /// <summary>Which segments of a job are stored; null where it has no plan. Changes while the job runs.</summary>
    public FinishedSegments? Find(Guid jobId)
    {
        if (_finished.TryGetValue(jobId, out Lazy<FinishedSegments>? known))
        {
            return known!.Value;
        }

        if (ReadPlan(jobId) is not { } plan)
        {
            return null;
        }

        // The storage is looked at after the entry is there: a segment that is stored meanwhile is seen, or marked.
        var finished = new Lazy<FinishedSegments>(() =>
            new FinishedSegments(plan, segment => storage.Exists(KeyOf(jobId, segment))));
        _finished.Set(jobId, finished, new MemoryCacheEntryOptions { Size = Math.Max(1, plan.Count) });
        return finished.Value;
    }

    /// <summary>
    /// Removes the segments of a job and its plan. May be repeated, and goes on where an earlier call was cut off.
    /// </summary>
    public void RemoveAll(Guid jobId)
    {
        if (ReadPlan(jobId) is { } plan)
        {
            foreach (var segment in plan)
            {
                storage.Delete(KeyOf(jobId, segment));
            }
        }
        else if (storage.Exists(ArtifactKeys.Plan(jobId)))
        {
            // The plan is damaged: only the folder itself knows what there is.
            foreach (var key in storage.ListKeys().Where(key => IsSegmentOf(key, jobId)).ToList())
            {
                storage.Delete(key);
            }
        }

        storage.Delete(ArtifactKeys.Plan(jobId));
        _finished.Remove(jobId);
    }

    /// <inheritdoc />
    public void Dispose() => _finished.Dispose();

    private static string KeyOf(Guid jobId, Segment segment) =>
        ArtifactKeys.Segment(jobId, segment.StartFrame, segment.EndFrame);

    private static bool IsSegmentOf(string key, Guid jobId) =>
        ArtifactKeys.IsInterim(key) && ArtifactKeys.JobOf(key) == jobId && key != ArtifactKeys.Plan(jobId);

    private async Task WriteAsync(string key, byte[] content, CancellationToken cancellationToken)
    {
        await using var artifact = storage.Stage(key);
        await ChecksummedBlob.WriteAsync(artifact.Stream, content, cancellationToken);
        await artifact.CommitAsync(cancellationToken);
    }

    private byte[]? Read(string key)
    {
        try
        {
            using var stream = storage.OpenRead(key);
            if (ChecksummedBlob.Read(stream) is { } content)
            {
                return content;
            }

            logger.LogWarning("The artifact {Key} is damaged: its checksum is another one", key);
        }
        catch (FileNotFoundException)
        {
            // Not stored, or removed since.
        }
        catch (IOException failure)
        {
            logger.LogWarning(failure, "The artifact {Key} cannot be read", key);
        }

        return null;
    }
}
