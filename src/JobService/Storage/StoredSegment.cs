using System.Buffers.Binary;
using System.IO.Hashing;
using ForegSyte.Inference.V1;
using ForegSyte.V1;
using Google.Protobuf;

namespace ForegSyte.Jobs.Storage;

/// <summary>
/// A segment as it is stored: a zero byte, which begins no RunPipelineResponse, the number of the attempt, and
/// the response. Earlier versions stored the response alone, which reads as one of attempt 0.
/// </summary>
internal sealed record StoredSegment(int Attempt, RunPipelineResponse Response)
{
    private const byte Mark = 0;
    private const int HeaderBytes = 1 + sizeof(int);

    /// <summary>Size of a stored segment in bytes.</summary>
    public static long SizeOf(RunPipelineResponse response) =>
        HeaderBytes + response.CalculateSize() + ChecksummedBlob.HashBytes;

    /// <summary>What stands for a gap, of which nothing is stored: all its frames are skipped.</summary>
    public static StoredSegment OfGap(Segment gap)
    {
        var frames = gap.EndFrame - gap.StartFrame;
        return new StoredSegment(
            0, new RunPipelineResponse { Frames = new FrameAccounting { Total = frames, Skipped = frames } });
    }

    /// <summary>
    /// Whether an attempt need not run the segment again: no frames are lost in it, or it was run since the latest
    /// RetryJob.
    /// </summary>
    public bool IsFinished(JobRecord job) => Response.Frames.Failed == 0 || Attempt > job.ForgivenAttempts;

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

    /// <summary>Parses a segment; null, with a warning, if the bytes are not a segment with this range.</summary>
    /// <param name="bytes">The bytes without their checksum.</param>
    /// <param name="key">Names the segment in warnings.</param>
    /// <param name="segment">The range.</param>
    /// <param name="frameStride">The stride of its job.</param>
    /// <param name="logger">Gets the warning.</param>
    public static StoredSegment? TryParse(
        byte[] bytes, string key, Segment segment, int frameStride, ILogger logger)
    {
        try
        {
            var stored = Parse(bytes);
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
}

/// <summary>A plan as it is stored: the end frame of each segment, with all bits inverted if it is a gap.</summary>
internal static class StoredPlan
{
    /// <summary>A plan as numbers.</summary>
    public static IReadOnlyList<int> ToNumbers(IReadOnlyList<Segment> plan) =>
        [.. plan.Select(segment => segment.IsGap ? ~segment.EndFrame : segment.EndFrame)];

    /// <summary>The plan that numbers stand for.</summary>
    public static IReadOnlyList<Segment> OfNumbers(IReadOnlyList<int> numbers)
    {
        var plan = new Segment[numbers.Count];
        var start = 0;
        for (var number = 0; number < plan.Length; number++)
        {
            var isGap = numbers[number] < 0;
            var end = isGap ? ~numbers[number] : numbers[number];
            plan[number] = new Segment(number, start, end, isGap);
            start = end;
        }

        return plan;
    }

    /// <summary>Formats a plan.</summary>
    public static byte[] ToBytes(IReadOnlyList<Segment> plan)
    {
        var numbers = ToNumbers(plan);
        var bytes = new byte[numbers.Count * sizeof(int)];
        for (var i = 0; i < numbers.Count; i++)
        {
            BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(i * sizeof(int)), numbers[i]);
        }

        return bytes;
    }

    /// <summary>Parses a plan.</summary>
    public static IReadOnlyList<Segment> Parse(byte[] bytes) => OfNumbers(
    [
        .. Enumerable.Range(0, bytes.Length / sizeof(int))
            .Select(i => BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(i * sizeof(int)))),
    ]);
}

/// <summary>
/// Content followed by its checksum, which detects damage on the disk. XxHash128 is enough: only this service writes
/// here, so the checksum need not withstand an attacker.
/// </summary>
internal static class ChecksummedBlob
{
    /// <summary>Size of the checksum.</summary>
    public const int HashBytes = 16;

    /// <summary>The content and its checksum.</summary>
    public static byte[] ToBytes(ReadOnlySpan<byte> content) => [.. content, .. XxHash128.Hash(content)];

    /// <summary>The content of such bytes; null if they are damaged.</summary>
    public static byte[]? TryParse(byte[] bytes) =>
        bytes.Length >= HashBytes && IsIntact(bytes) ? bytes[..^HashBytes] : null;

    /// <summary>Writes the content and its checksum.</summary>
    public static async Task WriteAsync(
        Stream stream, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        await stream.WriteAsync(content, cancellationToken);
        await stream.WriteAsync(XxHash128.Hash(content.Span), cancellationToken);
    }

    /// <summary>Reads the content; null if it is damaged.</summary>
    public static async ValueTask<byte[]?> ReadAsync(Stream stream, CancellationToken cancellationToken)
    {
        if (stream.Length is < HashBytes or > int.MaxValue)
        {
            return null;
        }

        var bytes = new byte[stream.Length];
        await stream.ReadExactlyAsync(bytes, cancellationToken);
        return TryParse(bytes);
    }

    private static bool IsIntact(ReadOnlySpan<byte> bytes) =>
        XxHash128.Hash(bytes[..^HashBytes]).AsSpan().SequenceEqual(bytes[^HashBytes..]);
}
