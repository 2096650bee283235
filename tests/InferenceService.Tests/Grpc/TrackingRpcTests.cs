using ForegSyte.Inference.V1;
using ForegSyte.Testing;
using ForegSyte.V1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;
using FrameRange = ForegSyte.V1.FrameRange;

namespace ForegSyte.Inference.Tests.Grpc;

/// <summary>Observations, filters and time ranges over a real socket.</summary>
public sealed class TrackingRpcTests(RunningService service) : IClassFixture<RunningService>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("detect_only", true, true)]
    [InlineData("yolo_ocr", true, true)]
    [InlineData("ocr_only", false, true)]
    public async Task RunPipeline_PipelineWithTracking_ObservesEachResult(
        string pipeline, bool hasObjects, bool hasShots)
    {
        var response = await RunAsync(pipeline, stride: 5, filter: null);

        Assert.Equal(response.Results.Count, response.Observations.Count);
        Assert.Equal(4, response.Results.Count);
        foreach (var (result, observed) in response.Results.Zip(response.Observations))
        {
            Assert.Equal(hasShots ? 240 : 0, observed.Signature.Length);
            Assert.Equal(result.Result.Detections.Count, observed.Appearances.Count);
            Assert.All(observed.Appearances, appearance => Assert.Equal(48, appearance.Length));
        }

        Assert.Equal(hasObjects, response.Observations.Any(observed => observed.Candidates.Count > 0));
        Assert.Equal(hasObjects ? 0.45f : 0, response.Tracking.Objects?.Parameters["confidence"] ?? 0, 1e-6);
        Assert.Equal(pipeline != "detect_only", response.Tracking.Texts is not null);
        var listed = (await service.Client.ListPipelinesAsync(new(), cancellationToken: Cancel)).Pipelines
            .Single(item => item.Id == pipeline);
        Assert.Matches("^[0-9a-f]{64}$", response.PipelineVersion);
        Assert.Equal(listed.Version, response.PipelineVersion);
        Assert.Equal(hasObjects ? 80 : 0, listed.Labels.Count);
        Assert.Equal(hasObjects ? "person" : null, listed.Labels.FirstOrDefault());
    }

    /// <summary>Segments run anywhere and in any order: what they observe must be the same.</summary>
    [Fact]
    public async Task RunPipeline_InTwoSegments_ObservesTheSameBytes()
    {
        var whole = await RunAsync("detect_only", stride: 2, filter: null);
        var second = await RunAsync("detect_only", stride: 2, filter: null, start: 10);

        Assert.Equal(5, second.Observations.Count);
        Assert.Equal(
            whole.Observations.Skip(5).Select(observed => observed.ToByteString()),
            second.Observations.Select(observed => observed.ToByteString()));
    }

    [Theory]
    [InlineData("detect_only")]
    [InlineData("yolo_ocr")]
    [InlineData("ocr_only")]
    public async Task RunPipeline_AdaptiveInSegments_GivesTheSameBytes(string pipeline)
    {
        var adaptive = new AdaptiveSampling { Step = 4, Interval = 8 };
        var whole = await RunAsync(pipeline, stride: 2, filter: null, adaptive: adaptive);
        var second = await RunAsync(pipeline, stride: 2, filter: null, start: 8, adaptive: adaptive);

        Assert.Equal(10, whole.Results.Count);
        Assert.InRange(whole.Frames.Interpolated, 1, 7);
        Assert.Equal(whole.Frames.Interpolated, whole.Results.Count(result => result.Interpolated));
        Assert.Equal(whole.Results.Skip(4), second.Results);
        Assert.Equal(whole.Observations.Skip(4), second.Observations);
    }

    [Theory]
    [InlineData(0, 8, "adaptive.step")]
    [InlineData(3, 6, "adaptive.step")]
    [InlineData(4, 0, "adaptive.interval")]
    [InlineData(4, 6, "adaptive.interval")]
    public async Task RunPipeline_WrongAdaptiveSampling_NamesTheField(int step, int interval, string field)
    {
        var request = Ask("detect_only", filter: null);
        request.FrameStride = 2;
        request.Adaptive = new AdaptiveSampling { Step = step, Interval = interval };

        var (reason, failure) = await RunningService.FailureOfAsync(
            service.Client.RunPipelineAsync(request, cancellationToken: Cancel));

        Assert.Equal(ErrorReason.InvalidField, reason);
        Assert.Equal(field, failure.GetRpcStatus()!.GetDetail<BadRequest>()!.FieldViolations.Single().Field);
    }

    [Fact]
    public async Task RunPipeline_WithAFilter_ReturnsOnlyWhatIsWanted()
    {
        var all = await RunAsync("yolo_ocr", stride: 10, filter: null);

        var response = await RunAsync("yolo_ocr", stride: 10, new ResultFilter
        {
            Labels = { "person" },
            MinConfidence = 0.6f,
            Regions = { Box(0, 0.2, 1, 1) },
        });

        Assert.All(all.Results, result => Assert.Equal("GATE 07 NORTH", result.Result.Text));
        foreach (var (expected, result) in all.Results.Zip(response.Results))
        {
            Assert.Equal(
                expected.Result.Detections.Where(item => item is { Label: "person", Confidence: >= 0.6f }
                    && (item.Box.Y + (item.Box.Height / 2)) / 576 > 0.2),
                result.Result.Detections);
            Assert.Equal("", result.Result.Text);
        }

        Assert.Contains(response.Results, result => result.Result.Detections.Count > 0);
        Assert.Equal(0.6f, response.Tracking.Objects.Parameters["confidence"], 1e-6);
    }

    [Theory]
    [InlineData("labels", "filter.labels[1]", "Did you mean 'person'?")]
    [InlineData("confidence", "filter.min_confidence", "0 to 1")]
    [InlineData("points", "filter.regions[1].points", "3 to 100")]
    [InlineData("outside", "filter.regions[0].points[2].x", "0 to 1")]
    [InlineData("not a number", "filter.regions[0].points[2].y", "0 to 1")]
    [InlineData("crossing", "filter.regions[0].points", "cross itself")]
    [InlineData("many labels", "filter.labels", "at most 100")]
    [InlineData("many regions", "filter.regions", "at most 20")]
    public async Task RunPipeline_WrongFilter_NamesTheFieldAndTheRule(string mistake, string field, string rule)
    {
        var filter = new ResultFilter { Labels = { "car" }, Regions = { Box(0, 0, 1, 1) } };
        var points = filter.Regions[0].Points;
        switch (mistake)
        {
            case "labels": filter.Labels.Add("persn"); break;
            case "confidence": filter.MinConfidence = float.NaN; break;
            case "points": filter.Regions.Add(new RelativePolygon()); break;
            case "outside": points[2].X = 1.01; break;
            case "not a number": points[2].Y = double.NaN; break;
            case "crossing": (points[1], points[2]) = (points[2], points[1]); break;
            case "many labels": filter.Labels.Add(Enumerable.Repeat("car", 100)); break;
            default: filter.Regions.Add(Enumerable.Repeat(points, 20).Select(_ => Box(0, 0, 1, 1))); break;
        }

        var request = Ask("detect_only", filter);
        var (reason, failure) = await RunningService.FailureOfAsync(
            service.Client.RunPipelineAsync(request, cancellationToken: Cancel));

        Assert.Equal((ErrorReason.InvalidField, StatusCode.InvalidArgument), (reason, failure.StatusCode));
        Assert.Equal(field, failure.GetRpcStatus()!.GetDetail<BadRequest>()!.FieldViolations.Single().Field);
        Assert.Contains(rule, failure.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RunPipeline_LabelsOfAPipelineWithoutObjects_AreRefused()
    {
        var request = Ask("ocr_only", new ResultFilter { Labels = { "person" } });

        var (reason, failure) = await RunningService.FailureOfAsync(
            service.Client.RunPipelineAsync(request, cancellationToken: Cancel));

        Assert.Equal(ErrorReason.InvalidField, reason);
        Assert.Contains("detects no objects", failure.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ProbeVideo_TimeRanges_AreTheFramesWithTheseTimestamps()
    {
        await Clips.MakeVariableRateAsync(service.Videos.File("variable.mp4"));
        var all = await service.Client.RunPipelineAsync(
            service.Ask("variable.mp4", "detect_only"), cancellationToken: Cancel);
        var times = all.Results.Select(result => result.FrameTimestampMs).ToList();
        Assert.True(times.Zip(times.Skip(1), (a, b) => b - a).Distinct().Count() > 2, "The frame rate is constant.");
        TimeRange[] ranges =
        [
            Range(0, 500), Range(times[3], times[5]), Range(times[3] + 1, times[4]), Range(times[7] + 1, null),
            Range(0, null), Range(100_000, 100_001), Range(100_000, null), new TimeRange(),
        ];

        var response = await service.Client.ProbeVideoAsync(
            new ProbeVideoRequest { Video = service.Ask("variable.mp4").Video, TimeRanges = { ranges } },
            cancellationToken: Cancel);

        Assert.Equal(40, times.Count);
        Assert.Equal(ranges.Length, response.FrameRanges.Count);
        foreach (var (asked, found) in ranges.Zip(response.FrameRanges))
        {
            var (start, end) = (
                asked.Start?.ToTimeSpan().TotalMilliseconds ?? 0,
                asked.End?.ToTimeSpan().TotalMilliseconds ?? double.PositiveInfinity);
            var expected = times.Index().Where(time => time.Item >= start && time.Item < end)
                .Select(time => time.Index);
            Assert.Equal(expected, Enumerable.Range(found.StartFrame, found.EndFrame - found.StartFrame));
        }

        Assert.Equal(new FrameRange { StartFrame = 3, EndFrame = 5 }, response.FrameRanges[1]);
    }

    [Theory]
    [InlineData(-1, 0, 5, 0, "time_ranges[0].start")]
    [InlineData(0, 2_000_000_000, 5, 0, "time_ranges[0].start")]
    [InlineData(5, 0, 5, 0, "time_ranges[0].end")]
    [InlineData(5, 0, 4, 999_999_999, "time_ranges[0].end")]
    [InlineData(5, 0, 6, -1, "time_ranges[0].end")]
    public async Task ProbeVideo_WrongTimeRange_NamesTheField(
        long start, int startNanos, long end, int endNanos, string field)
    {
        await Clips.MakeTestPictureAsync(service.Videos.File("range.mp4"), frames: 1);
        var range = new TimeRange
        {
            Start = new Duration { Seconds = start, Nanos = startNanos },
            End = new Duration { Seconds = end, Nanos = endNanos },
        };

        var (reason, failure) = await RunningService.FailureOfAsync(service.Client.ProbeVideoAsync(
            new ProbeVideoRequest { Video = service.Ask("range.mp4").Video, TimeRanges = { range } },
            cancellationToken: Cancel));

        Assert.Equal(ErrorReason.InvalidField, reason);
        Assert.Equal(field, failure.GetRpcStatus()!.GetDetail<BadRequest>()!.FieldViolations.Single().Field);
    }

    private static TimeRange Range(uint start, uint? end) => new()
    {
        Start = TimeSpan.FromMilliseconds(start).ToDuration(),
        End = end is { } time ? TimeSpan.FromMilliseconds(time).ToDuration() : null,
    };

    private static RelativePolygon Box(double left, double top, double right, double bottom) => new()
    {
        Points =
        {
            new RelativePoint { X = left, Y = top }, new RelativePoint { X = right, Y = top },
            new RelativePoint { X = right, Y = bottom }, new RelativePoint { X = left, Y = bottom },
        },
    };

    private RunPipelineRequest Ask(string pipeline, ResultFilter? filter)
    {
        File.Copy(RepositoryFiles.Pedestrians, service.Videos.File("people.mp4"), overwrite: true);
        var request = service.Ask("people.mp4", pipeline);
        request.Filter = filter;
        return request;
    }

    private async Task<RunPipelineResponse> RunAsync(
        string pipeline, int stride, ResultFilter? filter, int start = 0, AdaptiveSampling? adaptive = null)
    {
        var request = Ask(pipeline, filter);
        request.Range = new FrameRange { StartFrame = start, EndFrame = 20 };
        request.FrameStride = stride;
        request.Adaptive = adaptive;
        return await service.Client.RunPipelineAsync(request, cancellationToken: Cancel);
    }
}
