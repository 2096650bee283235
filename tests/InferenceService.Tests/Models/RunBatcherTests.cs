using ForegSyte.Inference.Metrics;
using ForegSyte.Inference.Models;
using ForegSyte.Inference.Stages;
using ForegSyte.Inference.Tests.Stages;
using ForegSyte.Testing;
using Microsoft.Extensions.Time.Testing;

namespace ForegSyte.Inference.Tests.Models;

/// <summary>Batched runs give each caller the results of a separate run.</summary>
public sealed class RunBatcherTests(LoadedModels models) : IClassFixture<LoadedModels>
{
    private const int LineLength = 3 * 48 * 320;

    /// <summary>Tolerance for sums in another order; confidences are reported with far fewer digits.</summary>
    private const float Tolerance = 1e-4f;

    private static readonly long[] LineShape = [1, 3, 48, 320];
    private static readonly string Catalogue = Path.Combine(RepositoryFiles.Data, "models", "models.json");

    private readonly ModelSession _recognizer = models.Sessions.Get("ppocr_v4_recognition");

    [Fact]
    public async Task RunAsync_AFullBatch_RunsAtOnceWithTheResultsOfSeparateRuns()
    {
        var time = new FakeTimeProvider();
        List<long> sizes = [];
        var batcher = Batcher(4, time, sizes);
        var inputs = Enumerable.Range(0, 8).Select(Line).ToList();

        var together = inputs.Select(input => batcher.RunAsync(input, LineShape, Cancel())).ToList();

        for (var i = 0; i < inputs.Count; i++)
        {
            using var outputs = await together[i];
            using var alone = _recognizer.Run(inputs[i], LineShape, Cancel());
            Assert.Equal(alone.Shape(0), outputs.Shape(0));
            AssertSame(alone.Values(0), outputs.Values(0));
        }

        Assert.Equal([4, 4], sizes);
    }

    [Fact]
    public async Task RunAsync_APartialBatch_RunsAfterTheDelay()
    {
        var time = new FakeTimeProvider();
        List<long> sizes = [];
        var batcher = Batcher(4, time, sizes);
        var first = batcher.RunAsync(Line(1), LineShape, Cancel());
        var second = batcher.RunAsync(Line(2), LineShape, Cancel());
        Assert.Empty(sizes);

        time.Advance(TimeSpan.FromMilliseconds(2));

        (await first).Dispose();
        (await second).Dispose();
        Assert.Equal([2], sizes);
    }

    [Fact]
    public async Task RunAsync_SeveralItemsAtOnce_KeepTheirRows()
    {
        var time = new FakeTimeProvider();
        List<long> sizes = [];
        var batcher = Batcher(4, time, sizes);
        float[] pair = [.. Line(1), .. Line(2)];
        var one = batcher.RunAsync(Line(3), LineShape, Cancel());
        var two = batcher.RunAsync(pair, [2, 3, 48, 320], Cancel());

        // The batch has three items and no room for two more: it runs, and the new ones wait in another.
        var more = batcher.RunAsync(pair, [2, 3, 48, 320], Cancel());
        time.Advance(TimeSpan.FromMilliseconds(2));

        using var outputs = await two;
        using var alone = _recognizer.Run(pair, [2, 3, 48, 320], Cancel());
        Assert.Equal(alone.Shape(0), outputs.Shape(0));
        AssertSame(alone.Values(0), outputs.Values(0));
        (await one).Dispose();
        (await more).Dispose();
        Assert.Equal([2, 3], sizes.Order());
    }

    [Fact]
    public async Task RunAsync_DifferentShapes_RunSeparately()
    {
        var time = new FakeTimeProvider();
        List<long> sizes = [];
        var batcher = Batcher(4, time, sizes);
        var narrow = batcher.RunAsync(Line(1), LineShape, Cancel());
        var wide = batcher.RunAsync(new float[3 * 48 * 640], [1, 3, 48, 640], Cancel());

        time.Advance(TimeSpan.FromMilliseconds(2));

        (await narrow).Dispose();
        (await wide).Dispose();
        Assert.Equal([1, 1], sizes);
    }

    [Fact]
    public async Task RunAsync_OneIsCanceled_TheOthersGetTheirResults()
    {
        var time = new FakeTimeProvider();
        var batcher = Batcher(2, time, []);
        using var cancel = new CancellationTokenSource();
        var gone = batcher.RunAsync(Line(1), LineShape, cancel.Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => gone);

        var (second, third) = (batcher.RunAsync(Line(2), LineShape, Cancel()),
            batcher.RunAsync(Line(3), LineShape, Cancel()));
        using var outputs = await second;
        using var alone = _recognizer.Run(Line(2), LineShape, Cancel());
        AssertSame(alone.Values(0), outputs.Values(0));
        (await third).Dispose();
    }

    [Fact]
    public async Task RunAsync_OneOfAFullBatchIsCanceled_TheOtherGetsItsRows()
    {
        var mayRun = new TaskCompletionSource();
        var batcher = new RunBatcher(
            (values, shape, token) =>
            {
                mayRun.Task.Wait(token);
                return _recognizer.Run(values, shape, token);
            },
            new BatchLimits(2, TimeSpan.FromMilliseconds(2)), new FakeTimeProvider());
        using var cancel = new CancellationTokenSource();
        var gone = batcher.RunAsync(Line(1), LineShape, cancel.Token);
        var stays = batcher.RunAsync(Line(2), LineShape, Cancel());

        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => gone);
        mayRun.SetResult();

        using var outputs = await stays;
        using var alone = _recognizer.Run(Line(2), LineShape, Cancel());
        AssertSame(alone.Values(0), outputs.Values(0));
    }

    [Fact]
    public async Task RunAsync_AllAreCanceled_TheRunIsCanceled()
    {
        var ended = new TaskCompletionSource();
        var batcher = new RunBatcher(
            (_, _, token) =>
            {
                token.WaitHandle.WaitOne();
                ended.SetResult();
                throw new OperationCanceledException(token);
            },
            new BatchLimits(2, TimeSpan.FromMilliseconds(2)), new FakeTimeProvider());
        using var cancel = new CancellationTokenSource();
        var both = (Task[])[.. Enumerable.Range(0, 2).Select(i => batcher.RunAsync(Line(i), LineShape, cancel.Token))];

        await cancel.CancelAsync();

        await ended.Task.WaitAsync(Cancel());
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => both[0]);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => both[1]);
    }

    [Fact]
    public async Task RunAsync_TheRunFails_EveryCallerGetsTheException()
    {
        var batcher = new RunBatcher(
            (_, _, _) => throw new InvalidOperationException("out of memory"),
            new BatchLimits(2, TimeSpan.FromMilliseconds(2)), new FakeTimeProvider());
        var both = Enumerable.Range(0, 2).Select(i => batcher.RunAsync(Line(i), LineShape, Cancel())).ToList();

        await Assert.ThrowsAsync<InvalidOperationException>(() => both[0]);
        await Assert.ThrowsAsync<InvalidOperationException>(() => both[1]);
    }

    [Fact]
    public async Task Process_ConcurrentFramesInBatches_ReadsTheSameText()
    {
        using var recorded = new RecordedMetrics<InferenceMetrics>();
        using var sessions = LoadedModels.Open(
            Catalogue, new DeviceOptions { MaxBatch = 4, BatchDelay = TimeSpan.FromSeconds(10) }, recorded.Metrics);
        var frames = (await SampleFrames.ReadAsync(25)).Take(4).ToList();
        var (alone, batched) = (LoadedModels.Reader(models.Sessions), LoadedModels.Reader(sessions));

        var together = await Task.WhenAll(frames.Select(frame => Task.Run(
            () => batched.ProcessAsync(new StageInput(frame, []), Cancel()).AsTask())));

        for (var i = 0; i < frames.Count; i++)
        {
            var expected = await alone.ProcessAsync(new StageInput(frames[i], []), Cancel());
            Assert.Equal(
                expected.Texts.Select(finding => finding.Region.Text),
                together[i].Texts.Select(finding => finding.Region.Text));
            Assert.All(expected.Texts.Zip(together[i].Texts), pair =>
            {
                Assert.Equal(pair.First.Region.Confidence, pair.Second.Region.Confidence, Tolerance);
                Assert.All(
                    pair.First.Region.Polygon.Zip(pair.Second.Region.Polygon),
                    corner => Assert.Equal(corner.First.X, corner.Second.X, 0.01f));
            });
        }

        Assert.Contains(recorded.Values("foregsyte.inference.batch.size"), size => size == 4);
    }

    private RunBatcher Batcher(int maxItems, FakeTimeProvider time, List<long> sizes) => new(
        (values, shape, token) =>
        {
            lock (sizes)
            {
                sizes.Add(shape[0]);
            }

            return _recognizer.Run(values, shape, token);
        },
        new BatchLimits(maxItems, TimeSpan.FromMilliseconds(2)),
        time);

    private static CancellationToken Cancel() => TestContext.Current.CancellationToken;

    private static float[] Line(int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, LineLength).Select(_ => (random.NextSingle() * 2) - 1)];
    }

    private static void AssertSame(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        var largest = 0f;
        for (var i = 0; i < expected.Length; i++)
        {
            largest = Math.Max(largest, Math.Abs(expected[i] - actual[i]));
        }

        Assert.InRange(largest, 0, Tolerance);
    }
}
