using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using ForegSyte.Jobs.Inference;
using ForegSyte.Jobs.Storage;
using ForegSyte.Jobs.Tests.Queue;
using ForegSyte.Jobs.Tracks;
using ForegSyte.V1;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace ForegSyte.Jobs.Tests.Tracks;

/// <summary>Pages of a job whose first nine of ten segments are stored.</summary>
public sealed class LiveTracksTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 1, TimeSpan.Zero));

    /// <summary>Segment 0 begins the temporary files; a shot or a track ends in segments 7 and 8.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(7)]
    [InlineData(8)]
    public async Task ReadAsync_CancelledPage_KeepsWhatItFollowed(int cancelledAt)
    {
        await using var engine = new JobEngine(
            MovingObjects.Inference(onRun: (_, call, _) => call == 10
                ? throw new InferenceFailedException(new JobFailure(ErrorReason.StageFailed, "Failed."))
                : Task.CompletedTask),
            _time, null, ("Dispatch:SegmentsInFlight", "1"), ("Dispatch:SegmentFrames", "10"));
        var jobId = await engine.AddJobAsync();
        await engine.PutVideoAsync(jobId);
        await engine.RunAsync(jobId);
        var job = await engine.ReadAsync(jobId);
        using var ending = new CancellationTokenSource();
        var read = new List<int>();
        await using var live = new LiveTracks(
            engine.Store,
            SegmentStoreProxy.Around(engine.Segments, segment =>
            {
                read.Add(segment.Number);
                if (segment.Number == cancelledAt)
                {
                    ending.Cancel();
                }
            }),
            engine.Storage, Options.Create(new LiveTracksOptions()), _time, NullLogger<LiveTracks>.Instance);

        try
        {
            // The page can also end before it notices that nobody waits for it.
            await live.ReadAsync(job, LabelsAsync, ending.Token);
        }
        catch (OperationCanceledException)
        {
            Assert.Equal(cancelledAt, read[^1]);
        }

        var page = await live.ReadAsync(job, LabelsAsync, None);

        Assert.Equal(Enumerable.Range(0, 9), read);
        Assert.Equal((90, false), (page.EndFrame, page.IsShort));
        Assert.Equal(["person", "car"], page.Result!);
    }

    private static async Task<List<string>> LabelsAsync(JobTracks tracks) =>
        await tracks.ReadAsync<ObjectTrack>(TrackSection.Objects, 0, None).Select(track => track.Label)
            .ToListAsync(None);

    /// <summary>A segment store that tells a test which segments were read, once they are.</summary>
    [SuppressMessage("Performance", "CA1852", Justification = "DispatchProxy derives a class from it.")]
    internal class SegmentStoreProxy : DispatchProxy
    {
        private ISegmentStore _inner = null!;
        private Action<Segment> _onRead = null!;

        public static ISegmentStore Around(ISegmentStore inner, Action<Segment> onRead)
        {
            var proxy = Create<ISegmentStore, SegmentStoreProxy>();
            ((SegmentStoreProxy)proxy)._inner = inner;
            ((SegmentStoreProxy)proxy)._onRead = onRead;
            return proxy;
        }

        [SuppressMessage("Reliability", "CA2012", Justification = "The caller of the proxy awaits it.")]
        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) =>
            targetMethod!.Name == nameof(ISegmentStore.ReadStoredAsync)
                ? ReadAsync((Guid)args![0]!, (Segment)args[1]!, (int)args[2]!, (CancellationToken)args[3]!)
                : targetMethod.Invoke(_inner, BindingFlags.DoNotWrapExceptions, binder: null, args, culture: null);

        private async ValueTask<StoredSegment?> ReadAsync(
            Guid jobId, Segment segment, int frameStride, CancellationToken cancellationToken)
        {
            var result = await _inner.ReadStoredAsync(jobId, segment, frameStride, cancellationToken);
            _onRead(segment);
            return result;
        }
    }
}
