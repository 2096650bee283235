using System.Buffers.Binary;
using System.IO.Hashing;
using ForegSyte.Inference.V1;
using Google.Protobuf;
using Microsoft.Extensions.Caching.Memory;

namespace ForegSyte.Jobs.Storage;

/// <summary>
/// Stores the finished segments of jobs that are not completed: one artifact for each segment and one for the job's
/// plan. The plan is stored before the first segment and deleted after the last, so a job's artifacts are found without
/// listing the folder.
/// </summary>
internal sealed class SegmentStore(IStorage storage, ILogger<SegmentStore> logger) : IDisposable
{
    /// <summary>Maximum number of segments in the cache, for all jobs together; a segment takes 5 bytes.</summary>
    private const int MaxCachedSegments = 4_000_000;

    private readonly MemoryCache _finished = new(new MemoryCacheOptions { SizeLimit = MaxCachedSegments });

    /// <summary>Stores the plan of a job; call it before the first segment is stored.</summary>
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

    /// <summary>The plan of a job; null if it is missing or damaged.</summary>
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

    /// <summary>
    /// Replaces the plan of a job by its first segments; the others are deleted before, so that a crash in between
    /// leaves none without a plan.
    /// </summary>
    public async Task ShortenPlanAsync(
        Guid jobId, IReadOnlyList<Segment> plan, int length, CancellationToken cancellationToken)
    {
        foreach (var segment in plan.Skip(length))
        {
            storage.Delete(KeyOf(jobId, segment));
        }

        await StorePlanAsync(jobId, [.. plan.Take(length)], cancellationToken);
    }

    /// <summary>Stores the response for a segment and returns when it is durable.</summary>
    /// <param name="jobId">The job.</param>
    /// <param name="segment">A segment of its plan.</param>
    /// <param name="attempt">Number of the attempt that ran it.</param>
    /// <param name="response">The response.</param>
    /// <param name="cancellationToken">Cancels a write that is not durable yet.</param>
    public async Task StoreAsync(
        Guid jobId, Segment segment, int attempt, RunPipelineResponse response, CancellationToken cancellationToken)
    {
        await WriteAsync(KeyOf(jobId, segment), StoredSegment.ToBytes(attempt, response), cancellationToken);
        if (_finished.TryGetValue(jobId, out Lazy<FinishedSegments>? finished)
            && !finished!.Value.TryMarkStored(segment))
        {
            // A reader can have put an earlier plan into the cache while this one was stored.
            _finished.Remove(jobId);
        }
    }

    /// <summary>The response for a segment of the job's plan; null if it is missing or damaged.</summary>
    public RunPipelineResponse? Read(Guid jobId, Segment segment, int frameStride) =>
        ReadStored(jobId, segment, frameStride)?.Response;

    /// <summary>
    /// The response for a segment that an attempt need not run again; null if it is missing or damaged, or if frames
    /// are lost in it and it was not run since the latest RetryJob, which decodes them again.
    /// </summary>
    public RunPipelineResponse? ReadFinished(JobRecord job, Segment segment) =>
        ReadStored(job.JobId, segment, job.FrameStride) is { } stored
            && (stored.Response.Frames.Failed == 0 || stored.Attempt > job.ForgivenAttempts)
                ? stored.Response
                : null;

    private StoredSegment? ReadStored(Guid jobId, Segment segment, int frameStride)
    {
        var key = KeyOf(jobId, segment);
        if (Read(key) is not { } content)
        {
            return null;
        }

        try
        {
            var stored = StoredSegment.Parse(content);
            if (SegmentCheck.DefectOf(segment, frameStride, stored.Response) is not { } defect)
            {
                return stored;
            }

            logger.LogWarning("Stored segment {Key} ignored: {Defect}", key, defect);
        }
        catch (InvalidProtocolBufferException failure)
        {
            logger.LogWarning(failure, "Stored segment {Key} ignored: not a RunPipelineResponse", key);
        }

        return null;
    }

    /// <summary>Which segments of a job are stored; null if it has no plan. It changes while the job runs.</summary>
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

        // Lazy, so that the storage is read after the entry is in the cache: a segment that is stored meanwhile is then
        // either seen or marked.
        var finished = new Lazy<FinishedSegments>(() =>
            new FinishedSegments(plan, segment => storage.Exists(KeyOf(jobId, segment))));
        _finished.Set(jobId, finished, new MemoryCacheEntryOptions { Size = Math.Max(1, plan.Count) });
        return finished.Value;
    }

    /// <summary>Deletes the segments of a job and its plan. A call after a crash deletes the rest.</summary>
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
            // The plan is damaged: only the folder tells which segments exist.
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
}

/// <summary>Which segments of a job's plan are stored. Thread-safe.</summary>
/// <param name="plan">Adjacent segments in ascending order, starting at frame 0.</param>
/// <param name="isStored">Whether a segment is stored; called once for each by the constructor.</param>
internal sealed class FinishedSegments(IReadOnlyList<Segment> plan, Func<Segment, bool> isStored)
{
    private readonly Lock _lock = new();
    private readonly int[] _ends = [.. plan.Select(segment => segment.EndFrame)];
    private readonly bool[] _stored = [.. plan.Select(isStored)];
    private int _prefix;

    /// <summary>Number of segments in the plan.</summary>
    public int Count => _ends.Length;

    /// <summary>Number of stored segments.</summary>
    public int StoredCount
    {
        get
        {
            lock (_lock)
            {
                return _stored.Count(isStored => isStored);
            }
        }
    }

    /// <summary>Number of stored segments before the first missing one.</summary>
    public int PrefixCount
    {
        get
        {
            lock (_lock)
            {
                while (_prefix < _stored.Length && _stored[_prefix])
                {
                    _prefix++;
                }

                return _prefix;
            }
        }
    }

    /// <summary>The segment with a number.</summary>
    public Segment this[int number] => new(number, number == 0 ? 0 : _ends[number - 1], _ends[number]);

    /// <summary>End frame of the first <paramref name="count"/> segments.</summary>
    public int EndFrameOf(int count) => count == 0 ? 0 : _ends[count - 1];

    /// <summary>Number of the segment with a frame; <see cref="Count"/> if the frame is past the end.</summary>
    public int NumberOf(int frame)
    {
        var found = Array.BinarySearch(_ends, frame);
        return found >= 0 ? found + 1 : ~found;
    }

    /// <summary>Records that a segment was stored; false if it is not one of this plan.</summary>
    public bool TryMarkStored(Segment segment)
    {
        if (segment.Number >= Count || this[segment.Number] != segment)
        {
            return false;
        }

        lock (_lock)
        {
            _stored[segment.Number] = true;
            return true;
        }
    }

    /// <summary>Records that a segment is missing or damaged.</summary>
    public void MarkMissing(int number)
    {
        lock (_lock)
        {
            _stored[number] = false;
            _prefix = Math.Min(_prefix, number);
        }
    }
}

/// <summary>
/// A segment as its artifact holds it: a zero byte, which begins no RunPipelineResponse, the number of the attempt, and
/// the response. Earlier versions stored the response alone, which reads as one of attempt 0.
/// </summary>
internal sealed record StoredSegment(int Attempt, RunPipelineResponse Response)
{
    private const byte Mark = 0;
    private const int HeaderBytes = 1 + sizeof(int);

    /// <summary>Size of a segment's artifact in bytes.</summary>
    public static long SizeOf(RunPipelineResponse response) =>
        HeaderBytes + response.CalculateSize() + ChecksummedBlob.HashBytes;

    /// <summary>Formats a segment.</summary>
    public static byte[] ToBytes(int attempt, RunPipelineResponse response)
    {
        var bytes = new byte[HeaderBytes + response.CalculateSize()];
        bytes[0] = Mark;
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(1), attempt);
        response.WriteTo(bytes.AsSpan(HeaderBytes));
        return bytes;
    }

    /// <summary>Parses a segment.</summary>
    /// <exception cref="InvalidProtocolBufferException">The bytes are no segment.</exception>
    public static StoredSegment Parse(byte[] bytes) => bytes.Length >= HeaderBytes && bytes[0] == Mark
        ? new StoredSegment(
            BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(1)),
            RunPipelineResponse.Parser.ParseFrom(bytes, HeaderBytes, bytes.Length - HeaderBytes))
        : new StoredSegment(0, RunPipelineResponse.Parser.ParseFrom(bytes));
}

/// <summary>
/// Content followed by its checksum, which detects damage on the disk. XxHash128 is enough: only this service writes
/// here, so the checksum need not withstand an attacker.
/// </summary>
internal static class ChecksummedBlob
{
    /// <summary>Size of the checksum.</summary>
    public const int HashBytes = 16;

    /// <summary>Writes the content and its checksum.</summary>
    public static async Task WriteAsync(
        Stream stream, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        await stream.WriteAsync(content, cancellationToken);
        await stream.WriteAsync(XxHash128.Hash(content.Span), cancellationToken);
    }

    /// <summary>Reads the content; null if it is damaged.</summary>
    public static byte[]? Read(Stream stream)
    {
        if (stream.Length is < HashBytes or > int.MaxValue)
        {
            return null;
        }

        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        var content = bytes.AsSpan(..^HashBytes);
        return XxHash128.Hash(content).AsSpan().SequenceEqual(bytes.AsSpan(^HashBytes..)) ? content.ToArray() : null;
    }
}
