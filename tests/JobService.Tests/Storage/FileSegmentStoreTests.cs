using System.Text;
using ForegSyte.Inference.V1;
using ForegSyte.Jobs.Storage;
using ForegSyte.Jobs.Tests.Fakes;
using ForegSyte.V1;
using Google.Protobuf;
using Microsoft.Extensions.Logging.Abstractions;

namespace ForegSyte.Jobs.Tests.Storage;

/// <summary>Includes damage that leaves stored bytes valid, so that only the checksum detects it.</summary>
public sealed class FileSegmentStoreTests : SegmentStoreContract, IDisposable
{
    private readonly InMemoryStorage _storage = new();
    private readonly FileSegmentStore _segments;

    public FileSegmentStoreTests() =>
        _segments = new FileSegmentStore(_storage, NullLogger<FileSegmentStore>.Instance);

    private protected override ISegmentStore Segments => _segments;

    private protected override JobRecord Job { get; } = TestJobs.Pending() with
    {
        Status = JobStatus.Running,
        Lease = new Lease(Guid.NewGuid(), DateTimeOffset.MaxValue),
    };

    private string SegmentKey => ArtifactKeys.Segment(JobId, Segment.StartFrame, Segment.EndFrame);

    private string PlanKey => ArtifactKeys.Plan(JobId);

    public void Dispose() => _segments.Dispose();

    [Fact]
    public async Task Read_ByteOfATextFlipped_IsNull()
    {
        await StoreSegmentAsync();
        var bytes = await _storage.ReadAsync(SegmentKey);
        bytes[bytes.AsSpan().IndexOf(Encoding.UTF8.GetBytes(Text))] ^= 1;

        // Without the checksum the damaged bytes are another valid response.
        var damaged = StoredSegment.Parse(bytes.AsSpan(..^16).ToArray());
        Assert.Equal("FATE 07", damaged.Response.Results.Single().Result.Text);
        await _storage.PutAsync(SegmentKey, bytes);

        Assert.Null(await _segments.ReadAsync(JobId, Segment, 1, Cancellation));
    }

    [Fact]
    public async Task ReadPlan_ByteOfAnEndFrameFlipped_IsNull()
    {
        Segment[] plan = [new(0, 0, 32), new(1, 32, 64)];
        await _segments.StorePlanAsync(JobId, Token, plan, Cancellation);
        Assert.Equal(plan, await _segments.ReadPlanAsync(JobId, Cancellation));
        var bytes = await _storage.ReadAsync(PlanKey);
        bytes[0] ^= 1;
        await _storage.PutAsync(PlanKey, bytes);

        Assert.Null(await _segments.ReadPlanAsync(JobId, Cancellation));
    }

    [Fact]
    public async Task Read_ChecksumFlipped_IsNull()
    {
        await StoreSegmentAsync();
        var bytes = await _storage.ReadAsync(SegmentKey);
        bytes[^1] ^= 1;
        await _storage.PutAsync(SegmentKey, bytes);

        Assert.Null(await _segments.ReadAsync(JobId, Segment, 1, Cancellation));
    }

    [Fact]
    public async Task RemoveAll_PlanIsDamaged_DeletesTheSegmentsToo()
    {
        await _segments.StorePlanAsync(JobId, Token, [Segment], Cancellation);
        await StoreSegmentAsync();
        var bytes = await _storage.ReadAsync(PlanKey);
        bytes[0] ^= 2;
        await _storage.PutAsync(PlanKey, bytes);

        await _segments.RemoveAllAsync(JobId, Cancellation);

        Assert.Empty(await _storage.KeysAsync());
    }

    [Fact]
    public async Task ShortenPlan_LeavesNoArtifactsOfTheOthers()
    {
        var extension = new Segment(1, 1, 2);
        await _segments.StorePlanAsync(JobId, Token, [Segment, extension], Cancellation);
        await StoreSegmentAsync();
        await _segments.StoreAsync(
            JobId, Token, extension, 1,
            new RunPipelineResponse { Frames = new FrameAccounting { Total = 1, Skipped = 1 } }, Cancellation);

        await _segments.ShortenPlanAsync(JobId, Token, [Segment, extension], 1, Cancellation);

        Assert.Equal([SegmentKey, PlanKey], (await _storage.KeysAsync()).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Read_SegmentOfAnEarlierVersion_IsReadAsOneOfAttempt0()
    {
        var response = new RunPipelineResponse { Frames = new FrameAccounting { Total = 1, Failed = 1 } };
        response.Frames.Failures.Add(new FrameFailureCount { Reason = "UNDECODABLE_VIDEO", FrameCount = 1 });
        await using (var staged = await _storage.StageAsync(SegmentKey, Cancellation))
        {
            await ChecksummedBlob.WriteAsync(staged.Stream, response.ToByteArray(), Cancellation);
            await staged.CommitAsync(Cancellation);
        }

        Assert.Equal(response, await _segments.ReadAsync(JobId, Segment, 1, Cancellation));
        Assert.Null(await _segments.ReadFinishedAsync(Job, Segment, Cancellation));
    }

    [Fact]
    public void FinishedSegments_SegmentOfALongerPlan_IsNotMarked()
    {
        var finished = new FinishedSegments([Segment]);

        Assert.False(finished.TryMarkStored(new Segment(1, 1, 2)), "The plan has a segment of a longer one.");
        Assert.True(finished.TryMarkStored(Segment), "The plan does not have its segment.");
    }
}
