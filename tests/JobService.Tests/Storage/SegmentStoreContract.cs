using ForegSyte.Inference.V1;
using ForegSyte.Jobs.Storage;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Tests.Storage;

/// <summary>The conformance suite for segment stores.</summary>
public abstract class SegmentStoreContract
{
    private protected const string Text = "GATE 07";

    private protected static readonly Segment Segment = new(0, 0, 1);

    private protected static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>The store.</summary>
    private protected abstract ISegmentStore Segments { get; }

    /// <summary>A running job.</summary>
    private protected Guid JobId => Job.JobId;

    /// <summary>The same; a store of rows must know it and its lease.</summary>
    private protected abstract JobRecord Job { get; }

    /// <summary>The job's lease.</summary>
    private protected Guid Token => Job.Lease!.Token;

    [Fact]
    public async Task Store_ThenRead_IsTheSameResponse()
    {
        await StoreSegmentAsync();

        var stored = await Segments.ReadAsync(JobId, Segment, 1, Cancellation);

        Assert.Equal(Text, stored?.Results.Single().Result.Text);
        Assert.Null(await Segments.ReadAsync(JobId, new Segment(1, 1, 2), 1, Cancellation));
        Assert.Null(await Segments.ReadAsync(Guid.NewGuid(), Segment, 1, Cancellation));
    }

    [Fact]
    public async Task Store_Again_ReplacesTheResponse()
    {
        await StoreSegmentAsync();
        await StoreSegmentAsync("GATE 08");

        var stored = await Segments.ReadAsync(JobId, Segment, 1, Cancellation);

        Assert.Equal("GATE 08", stored?.Results.Single().Result.Text);
    }

    [Fact]
    public async Task Store_LargeResponse_IsReadBack()
    {
        var text = new string('x', 3 << 20);
        await StoreSegmentAsync(text);

        var stored = await Segments.ReadAsync(JobId, Segment, 1, Cancellation);

        Assert.Equal(text, stored?.Results.Single().Result.Text);
    }

    [Fact]
    public async Task Read_ResponseDoesNotFitTheStride_IsNull()
    {
        Segment two = new(0, 0, 2);
        await Segments.StoreAsync(JobId, Token, two, 1, ResponseOf(total: 2, analyzed: 1, skipped: 1), Cancellation);

        Assert.NotNull(await Segments.ReadAsync(JobId, two, 2, Cancellation));
        Assert.Null(await Segments.ReadAsync(JobId, two, 1, Cancellation));
    }

    [Theory]
    [InlineData(0, 1, true)]
    [InlineData(0, 2, true)]
    [InlineData(1, 2, false)]
    [InlineData(1, 3, true)]
    public async Task ReadFinished_SegmentRunBeforeTheLatestRetry_IsFinishedUnlessItLostFrames(
        int lost, int attempt, bool isFinished)
    {
        var response = ResponseOf(total: 1, analyzed: 1 - lost, failed: lost);
        await Segments.StoreAsync(JobId, Token, Segment, attempt, response, Cancellation);

        var job = Job with { ForgivenAttempts = 2 };
        Assert.Equal(isFinished ? response : null, await Segments.ReadFinishedAsync(job, Segment, Cancellation));
        Assert.Equal(response, await Segments.ReadAsync(JobId, Segment, 1, Cancellation));
    }

    [Fact]
    public async Task StorePlan_LongerOne_PagesSeeItsSegments()
    {
        Assert.Null(await Segments.FindAsync(JobId, Cancellation));
        await Segments.StorePlanAsync(JobId, Token, [Segment], Cancellation);
        await StoreSegmentAsync();
        var before = (await Segments.FindAsync(JobId, Cancellation))!;
        Assert.Equal((1, 1), (before.PrefixCount, before.Count));
        var extension = new Segment(1, 1, 2);

        await Segments.StorePlanAsync(JobId, Token, [Segment, extension], Cancellation);
        await Segments.StoreAsync(JobId, Token, extension, 1, ResponseOf(total: 1, skipped: 1), Cancellation);

        var after = (await Segments.FindAsync(JobId, Cancellation))!;
        Assert.Equal((2, 2), (after.PrefixCount, after.Count));

        await Segments.ShortenPlanAsync(JobId, Token, [Segment, extension], 1, Cancellation);

        Assert.Equal([Segment], await Segments.ReadPlanAsync(JobId, Cancellation));
        Assert.Equal(1, (await Segments.FindAsync(JobId, Cancellation))!.Count);
        Assert.Null(await Segments.ReadAsync(JobId, extension, 1, Cancellation));
        Assert.NotNull(await Segments.ReadAsync(JobId, Segment, 1, Cancellation));
    }

    [Fact]
    public async Task Find_SegmentStoredOutOfOrder_CountsButIsNotInThePrefix()
    {
        Segment[] plan = [Segment, new(1, 1, 2), new(2, 2, 3)];
        await Segments.StorePlanAsync(JobId, Token, plan, Cancellation);
        await Segments.StoreAsync(JobId, Token, plan[1], 1, ResponseOf(total: 1, skipped: 1), Cancellation);

        var found = (await Segments.FindAsync(JobId, Cancellation))!;
        Assert.Equal((3, 1, 0), (found.Count, found.StoredCount, found.PrefixCount));
        await StoreSegmentAsync();

        found = (await Segments.FindAsync(JobId, Cancellation))!;
        Assert.Equal((3, 2, 2), (found.Count, found.StoredCount, found.PrefixCount));
    }

    [Fact]
    public async Task RemoveAll_LeavesNeitherPlanNorSegmentsOfTheJob()
    {
        await Segments.StorePlanAsync(JobId, Token, [Segment], Cancellation);
        await StoreSegmentAsync();

        await Segments.RemoveAllAsync(JobId, Cancellation);
        await Segments.RemoveAllAsync(JobId, Cancellation);

        Assert.Null(await Segments.ReadPlanAsync(JobId, Cancellation));
        Assert.Null(await Segments.ReadAsync(JobId, Segment, 1, Cancellation));
        Assert.Null(await Segments.FindAsync(JobId, Cancellation));
    }

    private protected Task StoreSegmentAsync(string text = Text)
    {
        var response = ResponseOf(total: 1, analyzed: 1);
        response.Results[0].Result = new PipelineResult { Text = text };
        return Segments.StoreAsync(JobId, Token, Segment, 1, response, Cancellation);
    }

    /// <summary>A response for a segment that starts at frame 0, or that analyzes no frame.</summary>
    private static RunPipelineResponse ResponseOf(int total, int analyzed = 0, int skipped = 0, int failed = 0)
    {
        var response = new RunPipelineResponse
        {
            Frames = new FrameAccounting { Total = total, Analyzed = analyzed, Skipped = skipped, Failed = failed },
            Results = { Enumerable.Range(0, analyzed).Select(index => new FrameResult { FrameIndex = index }) },
        };
        if (failed > 0)
        {
            response.Frames.Failures.Add(new FrameFailureCount { Reason = "UNDECODABLE_VIDEO", FrameCount = failed });
        }

        return response;
    }
}
