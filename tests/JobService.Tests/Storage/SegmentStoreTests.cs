using System.Text;
using ForegSyte.Inference.V1;
using ForegSyte.Jobs.Storage;
using ForegSyte.Jobs.Tests.Fakes;
using ForegSyte.V1;
using Google.Protobuf;
using Microsoft.Extensions.Logging.Abstractions;

namespace ForegSyte.Jobs.Tests.Storage;

/// <summary>Damage that leaves stored bytes valid, so that only the checksum detects it.</summary>
public sealed class SegmentStoreTests : IDisposable
{
    private const string Text = "GATE 07";

    private static readonly Guid JobId = Guid.NewGuid();
    private static readonly Segment Segment = new(0, 0, 1);

    private readonly InMemoryStorage _storage = new();
    private readonly SegmentStore _segments;

    public SegmentStoreTests() => _segments = new SegmentStore(_storage, NullLogger<SegmentStore>.Instance);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static string SegmentKey => ArtifactKeys.Segment(JobId, Segment.StartFrame, Segment.EndFrame);

    public void Dispose() => _segments.Dispose();

    [Fact]
    public async Task Read_ByteOfATextFlipped_IsNull()
    {
        await StoreSegmentAsync();
        Assert.Equal(Text, _segments.Read(JobId, Segment, 1)?.Results.Single().Result.Text);
        var bytes = Bytes(SegmentKey);
        bytes[bytes.AsSpan().IndexOf(Encoding.UTF8.GetBytes(Text))] ^= 1;

        // Without the checksum the damaged bytes are another valid response.
        var damaged = StoredSegment.Parse(bytes.AsSpan(..^16).ToArray());
        Assert.Equal("FATE 07", damaged.Response.Results.Single().Result.Text);
        await PutAsync(SegmentKey, bytes);

        Assert.Null(_segments.Read(JobId, Segment, 1));
    }

    [Fact]
    public async Task ReadPlan_ByteOfAnEndFrameFlipped_IsNull()
    {
        Segment[] plan = [new(0, 0, 32), new(1, 32, 64)];
        await _segments.StorePlanAsync(JobId, plan, Cancellation);
        Assert.Equal(plan, _segments.ReadPlan(JobId));
        var bytes = Bytes(ArtifactKeys.Plan(JobId));
        bytes[0] ^= 1;
        await PutAsync(ArtifactKeys.Plan(JobId), bytes);

        Assert.Null(_segments.ReadPlan(JobId));
    }

    [Fact]
    public async Task Read_ChecksumFlipped_IsNull()
    {
        await StoreSegmentAsync();
        var bytes = Bytes(SegmentKey);
        bytes[^1] ^= 1;
        await PutAsync(SegmentKey, bytes);

        Assert.Null(_segments.Read(JobId, Segment, 1));
    }

    [Fact]
    public async Task RemoveAll_PlanIsDamaged_DeletesTheSegmentsToo()
    {
        await _segments.StorePlanAsync(JobId, [Segment], Cancellation);
        await StoreSegmentAsync();
        var bytes = Bytes(ArtifactKeys.Plan(JobId));
        bytes[0] ^= 2;
        await PutAsync(ArtifactKeys.Plan(JobId), bytes);

        _segments.RemoveAll(JobId);

        Assert.Empty(_storage.ListKeys());
    }

    [Fact]
    public async Task Read_SegmentOfAnEarlierVersion_IsReadAsOneOfAttempt0()
    {
        var response = new RunPipelineResponse { Frames = new FrameAccounting { Total = 1, Failed = 1 } };
        response.Frames.Failures.Add(new FrameFailureCount { Reason = "UNDECODABLE_VIDEO", FrameCount = 1 });
        await using (var staged = _storage.Stage(SegmentKey))
        {
            await ChecksummedBlob.WriteAsync(staged.Stream, response.ToByteArray(), Cancellation);
            await staged.CommitAsync(Cancellation);
        }

        Assert.Equal(response, _segments.Read(JobId, Segment, 1));
        Assert.Null(_segments.ReadFinished(TestJobs.Pending(JobId), Segment));
    }

    [Theory]
    [InlineData(0, 1, true)]
    [InlineData(0, 2, true)]
    [InlineData(1, 2, false)]
    [InlineData(1, 3, true)]
    public async Task ReadFinished_SegmentRunBeforeTheLatestRetry_IsFinishedUnlessItLostFrames(
        int lost, int attempt, bool isFinished)
    {
        var response = new RunPipelineResponse
        {
            Frames = new FrameAccounting { Total = 1, Analyzed = 1 - lost, Failed = lost },
        };
        if (lost > 0)
        {
            response.Frames.Failures.Add(new FrameFailureCount { Reason = "UNDECODABLE_VIDEO", FrameCount = lost });
        }
        else
        {
            response.Results.Add(new FrameResult());
        }

        await _segments.StoreAsync(JobId, Segment, attempt, response, Cancellation);

        var job = TestJobs.Pending(JobId) with { ForgivenAttempts = 2 };
        Assert.Equal(isFinished ? response : null, _segments.ReadFinished(job, Segment));
        Assert.Equal(response, _segments.Read(JobId, Segment, 1));
    }

    [Fact]
    public async Task StorePlan_LongerOne_PagesSeeItsSegments()
    {
        await _segments.StorePlanAsync(JobId, [Segment], Cancellation);
        var before = _segments.Find(JobId)!;
        await StoreSegmentAsync();
        Assert.Equal((1, 1), (before.PrefixCount, before.Count));
        var extension = new Segment(1, 1, 2);

        await _segments.StorePlanAsync(JobId, [Segment, extension], Cancellation);
        await _segments.StoreAsync(
            JobId, extension, 1, new RunPipelineResponse { Frames = new FrameAccounting { Total = 1, Skipped = 1 } },
            Cancellation);

        var after = _segments.Find(JobId)!;
        Assert.Equal((2, 2), (after.PrefixCount, after.Count));
        Assert.False(before.TryMarkStored(extension), "The shorter plan has a segment of the longer one.");

        await _segments.ShortenPlanAsync(JobId, [Segment, extension], 1, Cancellation);

        Assert.Equal([Segment], _segments.ReadPlan(JobId));
        Assert.Equal(1, _segments.Find(JobId)!.Count);
        Assert.Equal([SegmentKey, ArtifactKeys.Plan(JobId)], _storage.ListKeys().Order(StringComparer.Ordinal));
    }

    private Task StoreSegmentAsync() => _segments.StoreAsync(
        JobId,
        Segment,
        attempt: 1,
        new RunPipelineResponse
        {
            Results = { new FrameResult { FrameIndex = 0, Result = new PipelineResult { Text = Text } } },
            Frames = new FrameAccounting { Total = 1, Analyzed = 1 },
        },
        Cancellation);

    private byte[] Bytes(string key)
    {
        using var stream = _storage.OpenRead(key);
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }

    private async Task PutAsync(string key, byte[] bytes)
    {
        await using var staged = _storage.Stage(key);
        await staged.Stream.WriteAsync(bytes, Cancellation);
        await staged.CommitAsync(Cancellation);
    }
}
