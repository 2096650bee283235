using System.Runtime.CompilerServices;
using ForegSyte.Hosting.Errors;
using ForegSyte.Inference.Pipelines;
using ForegSyte.Inference.Stages;
using ForegSyte.Inference.Video;
using ForegSyte.V1;
using Microsoft.Extensions.Options;

namespace ForegSyte.Inference.Tests.Pipelines;

public sealed class PipelineRunnerTests : IDisposable
{
    private static readonly StageOutput Nothing = new([], []);

    private delegate void Paint(int frame, Span<byte> pixels);

    private readonly List<Frame> _frames = [];
    private readonly FrameSlots _slots = new(2);
    private readonly SegmentMeter _meter = new(TimeProvider.System);

    [Fact]
    public async Task Run_FramesOfUnevenCost_KeepsOrderAndGivesEveryFrameBack()
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
            Assert.Equal(result.FrameIndex * 40, result.FrameTimestampMs);
            Assert.Equal(result.FrameIndex, result.Result.Detections[0].ClassId);
            Assert.Equal($"{result.FrameIndex}", result.Result.Text);
            Assert.Equal(0, result.Result.TextRegions[0].DetectionIndex);
        });
        Assert.True(_meter.Inference > TimeSpan.Zero && _meter.DecodeWait > TimeSpan.Zero);
        AssertAllGivenBack(100);
    }

    [Fact]
    public async Task Run_TwoStages_WorkOnDifferentFramesAtOnce()
    {
        // The second stage holds frame 0 until the first has begun frame 1: one after the other would wait for ever.
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
    public async Task Run_AConsumerThatStops_PullsNoMoreThanTheChannelsHold()
    {
        var pipeline = Compile((_, _) => ValueTask.FromResult(Nothing), (_, _) => ValueTask.FromResult(Nothing));
        await foreach (var result in Runner().RunAsync(pipeline, Frames(10_000), _meter,
            TestContext.Current.CancellationToken))
        {
            Assert.Equal(0, result.FrameIndex);
            break;
        }

        // Two that are computed, two ahead, and one whose result was taken.
        Assert.InRange(_frames.Count, 1, 5);
        AssertAllGivenBack();
    }

    [Fact]
    public async Task Run_TwoCalls_ShareTheSlotsAndTakeTurns()
    {
        var (running, most, held) = (0, 0, 0);
        var order = new List<int>();
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

        // The very first frame keeps its slot until the short call is there.
        var calls = await Task.WhenAll(
            CollectAsync(pipeline, Frames(2000, timestampStepMs: 0), TestContext.Current.CancellationToken),
            CollectAsync(pipeline, Frames(20, timestampStepMs: 1), TestContext.Current.CancellationToken));

        Assert.Equal([2000, 20], calls.Select(results => results.Count));
        Assert.Equal(2, most);

        // Each call has four frames waiting at most: the short one is not put behind the long one.
        Assert.True(order.LastIndexOf(19) < 1000, $"The short call ended as number {order.LastIndexOf(19)} of 2020.");
    }

    [Fact]
    public async Task Run_SeveralFramesThatFail_TellsTheFirstOneAfterTheResultsBeforeIt()
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
                pipeline, Frames(100), _meter, TestContext.Current.CancellationToken))
            {
                seen.Add(result.FrameIndex);
            }
        });

        Assert.Equal([0, 1], seen);
        Assert.Equal("2", failure.Metadata["frameIndex"]);
        AssertAllGivenBack();
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
        Assert.True(_frames.Count < 50, $"{_frames.Count} frames were pulled.");
        AssertAllGivenBack();
    }

    [Fact]
    public async Task Run_AStageThatCancelsByItself_HasFailed()
    {
        var pipeline = Compile((_, _) => throw new OperationCanceledException("its own time-out"));

        var failure = await Assert.ThrowsAsync<ServiceException>(
            () => CollectAsync(pipeline, Frames(5), TestContext.Current.CancellationToken));

        Assert.Equal(ErrorReason.StageFailed, failure.Reason);
    }

    [Fact]
    public async Task Run_FramesThatFail_PassTheErrorOnAsItIs()
    {
        var lost = new ServiceException(ErrorReason.DecoderLost, "The decoder ended.");
        var pipeline = Compile((_, _) => ValueTask.FromResult(Nothing));

        var failure = await Assert.ThrowsAsync<ServiceException>(
            () => CollectAsync(pipeline, Frames(5, lost), TestContext.Current.CancellationToken));

        Assert.Same(lost, failure);
        AssertAllGivenBack();
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
        AssertAllGivenBack();
    }

    [Theory]
    [InlineData(0, 12)]
    [InlineData(4, 3)]
    public async Task Run_FramesThatShowTheSame_AreLookedAtOnceWhereAskedFor(int threshold, int expected)
    {
        // Grey rises by one a frame: compared with the frame before nothing would ever change.
        var looked = new System.Collections.Concurrent.ConcurrentBag<int>();
        var pipeline = Compile(new FakeStage((input, _) =>
        {
            looked.Add(input.Frame.Index);
            return ValueTask.FromResult(StageOutput.Of(
                [new TextFinding(new TextRegion { Text = $"{input.Frame.Index}" }, null)]));
        })
        {
            ChangeThreshold = threshold,
        });

        var results = await CollectAsync(
            pipeline, Frames(12, paint: (frame, pixels) => pixels.Fill((byte)frame)),
            TestContext.Current.CancellationToken);

        Assert.Equal(expected, looked.Count);
        Assert.Equal(
            Enumerable.Range(0, 12).Select(index => $"{(threshold == 0 ? index : index / 5 * 5)}"),
            results.Select(result => result.Result.Text));
    }

    [Fact]
    public async Task Run_AFrameThatFailsAndWouldHaveBeenTakenOver_IsTheOneThatIsTold()
    {
        var pipeline = Compile(
            new FakeStage((_, _) => throw new InvalidDataException("bad")) { ChangeThreshold = 4 });

        var failure = await Assert.ThrowsAsync<ServiceException>(
            () => CollectAsync(pipeline, Frames(20), TestContext.Current.CancellationToken));

        Assert.Equal("0", failure.Metadata["frameIndex"]);
        AssertAllGivenBack();
    }

    [Fact]
    public async Task Run_NoFrames_GivesNoResults() => Assert.Empty(
        await CollectAsync(Compile((_, _) => ValueTask.FromResult(Nothing)), Frames(0),
            TestContext.Current.CancellationToken));

    [Fact]
    public void DecodeSize_IsFixedOnlyIfAllStagesWantTheSame()
    {
        FakeStage small = new((_, _) => ValueTask.FromResult(Nothing), new DecodeSize(416, 416));
        FakeStage other = new((_, _) => ValueTask.FromResult(Nothing), new DecodeSize(512, 512));

        Assert.Equal(new DecodeSize(416, 416), Compile(small, small).DecodeSize);
        Assert.Equal(DecodeSize.Native, Compile(small, other).DecodeSize);
    }

    private PipelineRunner Runner() => new(_slots, Options.Create(new PipelineOptions { FramesAhead = 2 }));

    private static CompiledPipeline Compile(
        params Func<StageInput, CancellationToken, ValueTask<StageOutput>>[] stages) =>
        Compile([.. stages.Select(stage => new FakeStage(stage))]);

    /// <summary>A chain n0 -> n1 -> …, written in reverse, with all nodes as outputs.</summary>
    private static CompiledPipeline Compile(params FakeStage[] stages)
    {
        var pipeline = new Pipeline { Id = "chain", EntryNodes = { "n0" } };
        for (var i = stages.Length - 1; i >= 0; i--)
        {
            pipeline.Nodes.Add(new PipelineNode { Id = $"n{i}" });
            pipeline.OutputNodes.Add($"n{i}");
            if (i > 0)
            {
                pipeline.Edges.Add(new PipelineEdge { From = $"n{i - 1}", To = $"n{i}" });
            }
        }

        return CompiledPipeline.Create(pipeline, node => stages[node.Id[1] - '0']);
    }

    private async Task<List<FrameResult>> CollectAsync(
        CompiledPipeline pipeline, IAsyncEnumerable<Frame> frames, CancellationToken cancellationToken)
    {
        var results = new List<FrameResult>();
        await foreach (var result in Runner().RunAsync(pipeline, frames, _meter, cancellationToken))
        {
            results.Add(result);
        }

        return results;
    }

    public void Dispose() => _slots.Dispose();

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
            var frame = new Frame(i, i * timestampStepMs, 2, 2, 2, 2);
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

    private void AssertAllGivenBack(int? count = null)
    {
        Assert.Equal(count ?? _frames.Count, _frames.Count);
        Assert.All(_frames, frame => Assert.Throws<ObjectDisposedException>(() => frame.Pixels));
    }
}
