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

    /// <summary>Stores the response for a segment and returns when it is durable.</summary>
    public async Task StoreAsync(
        Guid jobId, Segment segment, RunPipelineResponse response, CancellationToken cancellationToken)
    {
        await WriteAsync(KeyOf(jobId, segment), response.ToByteArray(), cancellationToken);
        if (_finished.TryGetValue(jobId, out Lazy<FinishedSegments>? finished))
        {
            finished!.Value.Mark(segment.Number, isStored: true);
        }
    }

    /// <summary>The response for a segment of the job's plan; null if it is missing or damaged.</summary>
    public RunPipelineResponse? Read(Guid jobId, Segment segment, int frameStride)
    {
        var key = KeyOf(jobId, segment);
        if (Read(key) is not { } content)
        {
            return null;
        }

        try
        {
            var response = RunPipelineResponse.Parser.ParseFrom(content);
            if (SegmentCheck.DefectOf(segment, frameStride, response) is not { } defect)
            {
                return response;
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

    /// <summary>Records that a segment was stored, or that it is missing or damaged.</summary>
    public void Mark(int number, bool isStored)
    {
        lock (_lock)
        {
            _stored[number] = isStored;
            _prefix = isStored ? _prefix : Math.Min(_prefix, number);
        }
    }
}

/// <summary>
/// Content followed by its checksum, which detects damage on the disk. XxHash128 is enough: only this service writes
/// here, so the checksum need not withstand an attacker.
/// </summary>
internal static class ChecksummedBlob
{
    private const int HashBytes = 16;

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
