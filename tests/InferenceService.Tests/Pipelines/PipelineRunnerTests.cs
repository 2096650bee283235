using System.Runtime.CompilerServices;
using ForegSyte.Hosting.Errors;
using ForegSyte.Inference.Pipelines;
using ForegSyte.Inference.Stages;
using ForegSyte.Inference.Video;
using ForegSyte.V1;
using Microsoft.Extensions.Options;

namespace ForegSyte.Inference.Tests.Pipelines;

public sealed class PipelineRunnerTests
{
    private static readonly StageOutput Nothing = new([], []);

    private delegate void Paint(int frame, Span<byte> pixels);

    private readonly List<Frame> _frames = [];
    private readonly FrameSlots _slots = new(2, TimeProvider.System);
    private readonly SegmentMeter _meter = new(TimeProvider.System);

    [Fact]
    public async Task Run_FramesOfUnevenCost_KeepsOrderAndDisposesEveryFrame()
    {
        var pipeline = Compile(
            async (input, token) =>
            {
                for (var i = 0; i < input.Frame.Index % 7 * 10; i++)
                {
                    await Task.Yield();
                    token.ThrowIfCancellationRequested();
                }

                return StageOutput.Of([new Detection { ClassId = input.Frame.Index, Confidence = 0.5f }]);
            },
            (input, _) => ValueTask.FromResult(StageOutput.Of(
            [
                new TextFinding(new TextRegion { Text = $"{input.Frame.Index}" }, input.Upstream[0].Detections[0]),
            ])));

        var results = await CollectAsync(pipeline, Frames(100), TestContext.Current.CancellationToken);

        Assert.Equal(Enumerable.Range(0, 100), results.Select(result => result.FrameIndex));
        Assert.All(results, result =>
        {
            Assert.Equal((uint)result.FrameIndex * 40, result.FrameTimestampMs);
            Assert.Equal(result.FrameIndex, result.Result.Detections[0].ClassId);
            Assert.Equal($"{result.FrameIndex}", result.Result.Text);
            Assert.Equal(0, result.Result.TextRegions[0].DetectionIndex);
        });
        Assert.True(_meter.Inference > TimeSpan.Zero, "No time in the stages was measured.");
        Assert.True(_meter.DecodeWait > TimeSpan.Zero, "No wait for the decoder was measured.");
        AssertAllDisposed(100);
    }

    [Fact]
    public async Task Run_TwoStages_WorkOnDifferentFramesAtOnce()
    {
        // The second stage holds frame 0 until the first stage starts frame 1, so sequential processing would deadlock.
        var begun = new TaskCompletionSource();
        var pipeline = Compile(
            (input, _) =>
            {
                if (input.Frame.Index == 1)
                {
                    begun.SetResult();
                }

                return ValueTask.FromResult(Nothing);
            },
            async (_, token) =>
            {
                await begun.Task.WaitAsync(token);
                return Nothing;
            });

        Assert.Equal(2, (await CollectAsync(pipeline, Frames(2), TestContext.Current.CancellationToken)).Count);
    }

    [Fact]
    public async Task Run_AConsumerThatStops_ReadsNoMoreFramesThanTheLimit()
    {
        var pipeline = Compile((_, _) => ValueTask.FromResult(Nothing), (_, _) => ValueTask.FromResult(Nothing));
        await foreach (var result in Runner().RunAsync(pipeline, "", Frames(10_000), 8, _meter, null, null,
            TestContext.Current.CancellationToken))
        {
            Assert.Equal(0, result.Result.FrameIndex);
            break;
        }

        // Two frames in progress, two ahead, and one whose result was returned.
        Assert.InRange(_frames.Count, 1, 5);
        AssertAllDisposed();
    }

    [Fact]
    public async Task Run_MemoryForOneFrame_DecodesTheNextOneWhenItIsDone()
    {
        var pipeline = Compile((_, _) => ValueTask.FromResult(Nothing));
        var frames = Frames(20, paint: (_, _) => AssertAllDisposed());
        var results = Runner().RunAsync(
            pipeline, "", frames, 1, _meter, null, null, TestContext.Current.CancellationToken);
        Assert.Equal(20, await results.CountAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Run_TwoCalls_ShareTheSlotsAndTakeTurns()
    {
        var (running, most, held) = (0, 0, 0);
        var order = new List<uint>();
        var bothRun = new TaskCompletionSource();
        var pipeline = Compile(async (input, token) =>
        {
            lock (order)
            {
                most = Math.Max(most, ++running);
                order.Add(input.Frame.TimestampMs);
            }

            if (input.Frame.TimestampMs > 0)
            {
                bothRun.TrySetResult();
            }

            if (Interlocked.Exchange(ref held, 1) == 0)
            {
                await bothRun.Task.WaitAsync(token);
            }

            await Task.Yield();
            lock (order)
            {
                running--;
            }

            return Nothing;
        });

        // The first frame keeps its slot until the short call starts.
        var calls = await Task.WhenAll(
            CollectAsync(pipeline, Frames(2000, timestampStepMs: 0), TestContext.Current.CancellationToken),
            CollectAsync(pipeline, Frames(20, timestampStepMs: 1), TestContext.Current.CancellationToken));

        Assert.Equal([2000, 20], calls.Select(results => results.Count));
        Assert.Equal(2, most);

        // At most four frames per call wait, so the short call does not queue behind the long one.
        var last = order.LastIndexOf(19);
        Assert.True(last < 1000, $"The last frame of the short call was number {last} of 2020, 1000 at most expected.");
    }

    [Fact]
    public async Task Run_SeveralFramesThatFail_ReportsTheFirstOneAfterTheResultsBeforeIt()
    {
        var later = new TaskCompletionSource();
        var pipeline = Compile(async (input, token) =>
        {
            if (input.Frame.Index == 3)
            {
                later.SetResult();
                throw new InvalidDataException("later");
            }

            if (input.Frame.Index == 2)
            {
                await later.Task.WaitAsync(token);
                throw new InvalidDataException("first");
            }

            return Nothing;
        });
        var seen = new List<int>();

        var failure = await Assert.ThrowsAsync<ServiceException>(async () =>
        {
            await foreach (var result in Runner().RunAsync(
                pipeline, "", Frames(100), 8, _meter, null, null, TestContext.Current.CancellationToken))
            {
                seen.Add(result.Result.FrameIndex);
            }
        });

        Assert.Equal([0, 1], seen);
        Assert.Equal("2", failure.Metadata["frameIndex"]);
        AssertAllDisposed();
    }

    [Fact]
    public async Task Run_AStageThatFails_NamesNodeAndFrameAndStopsTheRest()
    {
        var pipeline = Compile(
            (_, _) => ValueTask.FromResult(Nothing),
            (input, _) => input.Frame.Index == 3
                ? throw new InvalidDataException("bad tensor")
                : ValueTask.FromResult(Nothing));

        var failure = await Assert.ThrowsAsync<ServiceException>(
            () => CollectAsync(pipeline, Frames(100_000), TestContext.Current.CancellationToken));

        Assert.Equal(ErrorReason.StageFailed, failure.Reason);
        Assert.Equal(("n1", "3"), (failure.Metadata["node"], failure.Metadata["frameIndex"]));
        Assert.Equal("bad tensor", failure.InnerException!.Message);
        Assert.True(_frames.Count < 50, $"{_frames.Count} frames were read, fewer than 50 expected.");
        AssertAllDisposed();
    }

    [Fact]
    public async Task Run_AStageThatThrowsItsOwnCancellation_HasFailed()
    {
        var pipeline = Compile((_, _) => throw new OperationCanceledException("its own timeout"));

        var failure = await Assert.ThrowsAsync<ServiceException>(
            () => CollectAsync(pipeline, Frames(5), TestContext.Current.CancellationToken));

        Assert.Equal(ErrorReason.StageFailed, failure.Reason);
    }

    [Fact]
    public async Task Run_FramesThatFail_PassTheExceptionThrough()
    {
        var lost = new ServiceException(ErrorReason.DecoderLost, "The decoder ended.");
        var pipeline = Compile((_, _) => ValueTask.FromResult(Nothing));

        var failure = await Assert.ThrowsAsync<ServiceException>(
            () => CollectAsync(pipeline, Frames(5, lost), TestContext.Current.CancellationToken));

        Assert.Same(lost, failure);
        AssertAllDisposed();
    }

    [Fact]
    public async Task Run_ACancelledCall_StopsAStageInTheMiddle()
    {
        using var cancel = new CancellationTokenSource();
        var inside = new TaskCompletionSource();
        var pipeline = Compile(async (_, token) =>
        {
            inside.TrySetResult();
            await Task.Delay(Timeout.Infinite, token);
            return Nothing;
        });

        var run = CollectAsync(pipeline, Frames(100_000), cancel.Token);
        await inside.Task;
        await cancel.CancelAsync();

        var failure = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);
        Assert.Equal(cancel.Token, failure.CancellationToken);
        AssertAllDisposed();
    }

    [Theory]
    [InlineData(0, 12)]
    [InlineData(4, 3)]
    public async Task Run_UnchangedFrames_AreProcessedOnceIfEnabled(int threshold, int expected)
    {
        // Gray rises by one per frame, so a comparison with the previous frame would never find a change.
        var processed = new System.Collections.Concurrent.ConcurrentBag<int>();
        var pipeline = Compile(new FakeStage((input, _) =>
        {
            processed.Add(input.Frame.Index);
            return ValueTask.FromResult(StageOutput.Of(
                [new TextFinding(new TextRegion { Text = $"{input.Frame.Index}" }, null)]));
        })
        {
            ChangeThreshold = threshold,
        });

        var results = await CollectAsync(
            pipeline, Frames(12, paint: (frame, pixels) => pixels.Fill((byte)frame)),
            TestContext.Current.CancellationToken);

        Assert.Equal(expected, processed.Count);
        Assert.Equal(
            Enumerable.Range(0, 12).Select(index => $"{(threshold == 0 ? index : index / 5 * 5)}"),
            results.Select(result => result.Result.Text));
    }

    [Fact]
    public async Task Run_AFailedFrameThatLaterOnesReuse_IsTheReportedOne()
    {
        var pipeline = Compile(
            new FakeStage((_, _) => throw new InvalidDataException("bad")) { ChangeThreshold = 4 });

        var failure = await Assert.ThrowsAsync<ServiceException>(
            () => CollectAsync(pipeline, Frames(20), TestContext.Current.CancellationToken));

        Assert.Equal("0", failure.Metadata["frameIndex"]);
        AssertAllDisposed();
    }

    [Fact]
    public async Task Run_NoFrames_GivesNoResults() => Assert.Empty(
        await CollectAsync(Compile((_, _) => ValueTask.FromResult(Nothing)), Frames(0),
            TestContext.Current.CancellationToken));

    [Fact]
    public async Task Run_LinesLeftOutForTheirScript_AreCountedInAWarning()
    {
        var meter = new SegmentMeter(TimeProvider.System);
        var pipeline = Compile(
            (_, _) => ValueTask.FromResult(Nothing),
            (_, _) => ValueTask.FromResult(Nothing with { UnsupportedLines = 2 }));
        Assert.Empty(meter.Warnings);

        await foreach (var _ in Runner().RunAsync(
            pipeline, "", Frames(3), 8, meter, null, null, TestContext.Current.CancellationToken))
        {
        }

        var warning = Assert.Single(meter.Warnings);
        Assert.Equal((WarningReason.UnsupportedScript, 6), (warning.Reason, warning.Count));
        Assert.StartsWith("6 lines of text are left out", warning.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void DecodeSize_HasACopyForEachFurtherSize()
    {
        FakeStage small = new((_, _) => ValueTask.FromResult(Nothing), new DecodeSize(416, 416));
        FakeStage other = new((_, _) => ValueTask.FromResult(Nothing), new DecodeSize(512, 512));

        FakeStage native = new((_, _) => ValueTask.FromResult(Nothing));

        Assert.Equal(new DecodeSize(416, 416), Compile(small, small).DecodeSize);
        Assert.Equal(
            new DecodeSize(416, 416, new([(512, 512)])), Compile(other, small, other).DecodeSize);
        Assert.Equal(
            new DecodeSize(null, null, new([(416, 416), (512, 512)])), Compile(other, native, small).DecodeSize);
    }

    private PipelineRunner Runner() => new(_slots, Options.Create(new PipelineOptions { FramesAhead = 2 }));

    private static CompiledPipeline Compile(
        params Func<StageInput, CancellationToken, ValueTask<StageOutput>>[] stages) =>
        Compile([.. stages.Select(stage => new FakeStage(stage))]);

    /// <summary>A chain n0 -> n1 -> …, listed in reverse order, with all nodes as outputs.</summary>
    private static CompiledPipeline Compile(params FakeStage[] stages)
    {
        var pipeline = new Pipeline { Id = "chain", EntryNodes = { "n0" } };
        for (var i = stages.Length - 1; i >= 0; i--)
        {
            pipeline.Nodes.Add(new PipelineNode { Id = $"n{i}" });
            pipeline.OutputNodes.Add($"n{i}");
            if (i > 0)
            {
                pipeline.Edges.Add(new PipelineEdge { FromNode = $"n{i - 1}", ToNode = $"n{i}" });
            }
        }

        return CompiledPipeline.Create(pipeline, node => stages[node.Id[1] - '0']);
    }

    private async Task<List<FrameResult>> CollectAsync(
        CompiledPipeline pipeline, IAsyncEnumerable<Frame> frames, CancellationToken cancellationToken)
    {
        var results = new List<FrameResult>();
        await foreach (var result in Runner().RunAsync(pipeline, "", frames, 8, _meter, null, null, cancellationToken))
        {
            results.Add(result.Result);
        }

        return results;
    }

    private IAsyncEnumerable<Frame> Frames(
        int count, Exception? failure = null, int timestampStepMs = 40, Paint? paint = null) =>
        MakeFramesAsync(count, failure, timestampStepMs, paint, TestContext.Current.CancellationToken);

    private async IAsyncEnumerable<Frame> MakeFramesAsync(
        int count, Exception? failure, int timestampStepMs, Paint? paint,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        for (var i = 0; i < count; i++)
        {
            await Task.Yield();
            cancellationToken.ThrowIfCancellationRequested();
            var frame = new Frame(i, (uint)(i * timestampStepMs), 2, 2, 2, 2);
            (paint ?? ((_, pixels) => pixels.Clear()))(i, frame.Pixels.Span);
            lock (_frames)
            {
                _frames.Add(frame);
            }

            yield return frame;
        }

        if (failure is not null)
        {
            throw failure;
        }
    }

    private void AssertAllDisposed(int? count = null)
    {
        Assert.Equal(count ?? _frames.Count, _frames.Count);
        Assert.All(_frames, frame => Assert.Throws<ObjectDisposedException>(() => frame.Pixels));
    }
}
