using CsCheck;
using ForegSyte.Inference.V1;
using ForegSyte.V1;
using Google.Protobuf.WellKnownTypes;

namespace ForegSyte.Jobs.Tests.Jobs;

public sealed class FrameSelectionTests
{
    private static readonly FrameLossOptions AnyLoss = new() { MaxLostFrameShare = 1 };

    /// <summary>Ascending parts of a video, a stride, a limit of frames and the length of segments.</summary>
    private static readonly Gen<Sample> Samples =
        from cuts in Gen.Int[0, 200].Array[2, 12]
        from stride in Gen.Int[1, 7]
        from max in Gen.Int[0, 40]
        from segment in Gen.Int[1, 20]
        from keyFrames in Gen.Int[0, 200].Array[0, 20]
        let distinct = cuts.Distinct().Order().ToList()
        where distinct.Count > 1
        select new Sample(
            [.. distinct.Chunk(2).Where(pair => pair.Length == 2).Select(pair => new FrameSpan(pair[0], pair[1]))],
            stride, max, segment, [.. keyFrames.Append(0).Distinct().Order()]);

    [Fact]
    public void Create_AnyParts_AnalyzesTheWantedFramesOnceAndOnlyThese() => Samples.Sample(sample =>
    {
        var plan = SegmentPlan.Create(sample.Selection, sample.KeyFrames, sample.Max, sample.SegmentFrames);

        AssertIsPlan(plan, 0);
        Assert.Equal(sample.Expected(), sample.AnalyzedBy(plan));
        Assert.Equal(sample.Expected().Count, SegmentPlan.AnalyzedFrames(sample.Selection, sample.Max));
        Assert.All(plan, segment => Assert.True(sample.Selection.Fits(segment), $"{segment} is not in one part."));
    });

    [Fact]
    public void Extend_AnyParts_HoldsExactlyTheNextWantedFrames() => Samples.Where(sample => sample.Max > 0).Sample(
        sample =>
        {
            var plan = SegmentPlan.Create(sample.Selection, sample.KeyFrames, sample.Max, sample.SegmentFrames);

            var extension = SegmentPlan.Extend(plan, 3, sample.Selection, sample.KeyFrames, sample.SegmentFrames);

            AssertIsPlan([.. plan, .. extension], 0);
            Assert.Equal(
                (sample with { Max = sample.Max + 3 }).Expected(), sample.AnalyzedBy([.. plan, .. extension]));
        });

    [Fact]
    public void Planner_AnyParts_AcceptsItsPlanAndNoneWithOtherGaps() => Samples.Sample(sample =>
    {
        var planner = new SegmentPlanner(
            sample.Selection, sample.KeyFrames, sample.Max, sample.SegmentFrames, AnyLoss);
        var plan = planner.Start();

        Assert.Same(plan, planner.Accept(plan));
        foreach (var segment in plan)
        {
            Segment[] other = [.. plan];
            other[segment.Number] = segment with { IsGap = !segment.IsGap };
            Assert.Null(planner.Accept(other));
        }
    });

    [Theory]
    [InlineData(30, 30, 1)]
    [InlineData(30, 10, 3)]
    [InlineData(29.97, 2, 15)]
    [InlineData(25, 10, 3)]
    [InlineData(25, 100, 1)]
    [InlineData(0, 5, 1)]
    [InlineData(30, 1e-300, 1_000_000)]
    public void Of_FramesPerSecond_IsARoundedStride(double rate, double framesPerSecond, int stride)
    {
        var job = new JobOptions { FramesPerSecond = framesPerSecond };

        Assert.Equal(stride, SelectionOf(job, rate).Stride);
    }

    [Fact]
    public void Of_PlannedJob_KeepsItsStride()
    {
        var job = Job(new JobOptions { FramesPerSecond = 10 }) with { FrameStride = 4, SegmentFrames = 32 };

        Assert.Equal(4, FrameSelection.Of(job, Probe(30), out _)!.Stride);
    }

    [Fact]
    public void Of_TouchingAndShortenedRanges_AreParts()
    {
        var options = Ranges((0, 1), (1, 2), (5, null));

        var selection = FrameSelection.Of(Job(options), Probe(10, (0, 10), (10, 20), (50, 100)), out var failure);

        Assert.Null(failure);
        Assert.Equal([new FrameSpan(0, 20), new FrameSpan(50, 100)], selection!.Parts);
    }

    [Fact]
    public void Of_RangeBehindTheEnd_FailsAndNamesTheDuration()
    {
        var options = Ranges((0, 1), (20, 30));

        Assert.Null(FrameSelection.Of(Job(options), Probe(10, (0, 10), (100, 100)), out var failure));

        Assert.Equal(ErrorReason.InvalidFrameRange, failure!.Reason);
        Assert.Equal(
            "options.time_ranges[1], from 20s to 30s, has no frames: the video lasts 10s and has 100 frames. Submit "
            + "it with ranges inside of the video.",
            failure.Message);
        Assert.False(RetryPolicy.IsTransient(failure.Reason), "Another attempt would fail in the same way.");
    }

    [Theory]
    [InlineData(0, 1, 100, 100, 20, null, "options.time_ranges[1], from 20s to the end,")]
    [InlineData(5, 5, 20, 30, 0, 0, "options.time_ranges[0], from 0s to 1s,")]
    [InlineData(0, 10, 5, 5, 0, 0, "options.time_ranges[1], from 0s to 0s,")]
    public void Of_RangeWithoutFrames_NamesTheRange(
        int start, int end, int secondStart, int secondEnd, int from, int? to, string range)
    {
        var probe = Probe(10, (start, end), (secondStart, secondEnd));

        Assert.Null(FrameSelection.Of(Job(Ranges((0, 1), (from, to))), probe, out var failure));

        Assert.StartsWith(range, failure!.Message, StringComparison.Ordinal);
        Assert.Equal(
            ["duration=10s", $"field={range.Split(',')[0]}"],
            failure.Metadata.Select(pair => $"{pair.Key}={pair.Value}").Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Of_AdaptiveSampling_CutsAtItsInterval()
    {
        var options = Ranges((0, 1));
        options.Sampling = Sampling.Adaptive;

        Assert.Equal(32, FrameSelection.Of(Job(options), Probe(10, (0, 10)), out _)!.CutInterval);
        Assert.Equal(32, SelectionOf(new JobOptions { Sampling = Sampling.Adaptive }, 10).CutInterval);
        Assert.Equal(0, SelectionOf(new JobOptions(), 10).CutInterval);
    }

    [Fact]
    public void Of_RangesBetweenTheStrides_Fails()
    {
        var job = Job(Ranges((1, 2))) with { FrameStride = 50 };

        Assert.Null(FrameSelection.Of(job, Probe(10, (10, 20)), out var failure));

        Assert.Equal(ErrorReason.InvalidFrameRange, failure!.Reason);
        Assert.Equal(
            "options.time_ranges contain no frame whose index is a multiple of the stride 50. Submit the video with "
            + "longer ranges or with a smaller frame_stride.",
            failure.Message);
    }

    [Theory]
    [InlineData(0, 10)]
    [InlineData(0, 10, 5, 20)]
    [InlineData(0, 10, 90, 101)]
    [InlineData(0, 10, 20, 30, 40, 50)]
    [InlineData(10, 10)]
    public void Of_WrongFrameRanges_FailsWithTheDefect(params int[] bounds)
    {
        var probe = Probe(10, [.. bounds.Chunk(2).Select(pair => (pair[0], pair[1]))]);

        Assert.Null(FrameSelection.Of(Job(Ranges((0, 1), (2, 3))), probe, out var failure));

        Assert.Equal(ErrorReason.Internal, failure!.Reason);
        Assert.Equal(
            $"The response to ProbeVideo for 2 time ranges is wrong: {bounds.Length / 2} frame ranges, which must be "
            + "ascending and inside of the 100 frames. The InferenceService has a defect, or it is older than the "
            + "JobService: update it, then call RetryJob.",
            failure.Message);
    }

    private static void AssertIsPlan(IReadOnlyList<Segment> plan, int start)
    {
        foreach (var (index, segment) in plan.Index())
        {
            Assert.Equal((index, start), (segment.Number, segment.StartFrame));
            Assert.InRange(segment.EndFrame, start + 1, int.MaxValue);
            start = segment.EndFrame;
        }
    }

    private static FrameSelection SelectionOf(JobOptions options, double rate) =>
        FrameSelection.Of(Job(options), Probe(rate), out _)!;

    private static JobRecord Job(JobOptions options) => Storage.TestJobs.Pending() with { Choices = options };

    private static JobOptions Ranges(params (int Start, int? End)[] ranges) => new()
    {
        TimeRanges =
        {
            ranges.Select(range => new TimeRange
            {
                Start = new Duration { Seconds = range.Start },
                End = range.End is { } end ? new Duration { Seconds = end } : null,
            }),
        },
    };

    private static ProbeVideoResponse Probe(double rate, params (int Start, int End)[] ranges) => new()
    {
        Video = new VideoInfo { FrameCount = 100, FrameRate = rate, Duration = new Duration { Seconds = 10 } },
        FrameRanges =
        {
            ranges.Select(range => new FrameRange { StartFrame = range.Start, EndFrame = range.End }),
        },
    };

    private sealed record Sample(
        IReadOnlyList<FrameSpan> Parts, int Stride, int Max, int SegmentFrames, IReadOnlyList<int> KeyFrames)
    {
        public FrameSelection Selection => new(200, Parts, Stride);

        /// <summary>The frames to analyze, found one by one.</summary>
        public List<int> Expected() =>
        [
            .. Enumerable.Range(0, 200)
                .Where(frame => frame % Stride == 0
                    && Parts.Any(part => part.Start <= frame && frame < part.End))
                .Take(Max == 0 ? int.MaxValue : Max),
        ];

        public List<int> AnalyzedBy(IReadOnlyList<Segment> plan) =>
        [
            .. plan.Where(segment => !segment.IsGap)
                .SelectMany(segment => Enumerable.Range(segment.StartFrame, segment.EndFrame - segment.StartFrame))
                .Where(frame => frame % Stride == 0),
        ];
    }
}
