using System.Text;
using ForegSyte.Inference.V1;
using ForegSyte.Jobs.Storage;
using ForegSyte.Jobs.Tests.Fakes;
using ForegSyte.V1;
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
        var damaged = RunPipelineResponse.Parser.ParseFrom(bytes.AsSpan(..^16).ToArray());
        Assert.Equal("FATE 07", damaged.Results.Single().Result.Text);
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

    private Task StoreSegmentAsync() => _segments.StoreAsync(
        JobId,
        Segment,
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
