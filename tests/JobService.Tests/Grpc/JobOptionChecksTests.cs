using ForegSyte.Hosting.Errors;
using ForegSyte.Jobs.Grpc;
using ForegSyte.Jobs.Tests.Storage;
using ForegSyte.Protocol.Json;
using ForegSyte.V1;
using Google.Protobuf.WellKnownTypes;

namespace ForegSyte.Jobs.Tests.Grpc;

public sealed class JobOptionChecksTests
{
    private static readonly Pipeline Known = new()
    {
        Id = "detect_only",
        Version = "v1",
        Labels = { "person", "car", "traffic light" },
        Tracking = new V1.Tracking { Objects = new ObjectTracking() },
    };

    /// <summary>Options as JSON, the field that the refusal names, and a part of its text.</summary>
    public static TheoryData<string, string, string> Invalid => new()
    {
        { """{"frame_stride": -1}""", "options.frame_stride", "0 to 1000000" },
        { """{"frame_stride": 1000001}""", "options.frame_stride", "0 to 1000000" },
        { """{"max_frames": -1}""", "options.max_frames", "or more" },
        { """{"frames_per_second": -0.1}""", "options.frames_per_second", "to 1000" },
        { """{"frames_per_second": 1000.1}""", "options.frames_per_second", "to 1000" },
        { """{"frames_per_second": "NaN"}""", "options.frames_per_second", "to 1000" },
        { """{"frames_per_second": "Infinity"}""", "options.frames_per_second", "to 1000" },
        { """{"frames_per_second": 1, "frame_stride": 1}""", "options.frames_per_second", "frame_stride" },
        { """{"sampling": 7}""", "options.sampling", "SAMPLING_ADAPTIVE" },
        { """{"min_confidence": -0.1}""", "options.min_confidence", "0 to 1" },
        { """{"min_confidence": 1.1}""", "options.min_confidence", "0 to 1" },
        { """{"min_confidence": "NaN"}""", "options.min_confidence", "0 to 1" },
        { """{"time_ranges": [{"start": "-1s"}]}""", "options.time_ranges[0].start", "0 or more" },
        { """{"time_ranges": [{"end": "-0.5s"}]}""", "options.time_ranges[0].end", "0 or more" },
        { """{"time_ranges": [{"start": "1s", "end": "1s"}]}""", "options.time_ranges[0].end", "after the start" },
        { """{"time_ranges": [{"end": "0s"}]}""", "options.time_ranges[0].end", "after the start" },
        {
            """{"time_ranges": [{"end": "2s"}, {"start": "1.9s", "end": "3s"}]}""", "options.time_ranges[1].start",
            "before the end"
        },
        {
            """{"time_ranges": [{"start": "2s", "end": "3s"}, {"start": "0s", "end": "1s"}]}""",
            "options.time_ranges[1].start", "ascending"
        },
        { """{"time_ranges": [{}, {"start": "1s"}]}""", "options.time_ranges[0].end", "is required" },
        { """{"labels": ["persn"]}""", "options.labels[0]", "Did you mean 'person'?" },
        { """{"labels": ["person", "zebra"]}""", "options.labels[1]", "ListPipelines has its labels" },
        { """{"labels": [""]}""", "options.labels[0]", "must be a label" },
        { """{"labels": ["car", "car"]}""", "options.labels[1]", "Send each label once" },
        { """{"regions": [{}]}""", "options.regions[0].points", "3 to 100" },
        {
            """{"regions": [{"points": [{"x": 0, "y": 0}, {"x": 1, "y": 0}, {"x": 1.1, "y": 1}]}]}""",
            "options.regions[0].points[2].x", "0 to 1"
        },
        {
            """{"regions": [{"points": [{"x": 0, "y": 0}, {"x": 1, "y": 0}, {"x": 1, "y": "NaN"}]}]}""",
            "options.regions[0].points[2].y", "0 to 1"
        },
        {
            """
            {"regions": [{"points": [{"x": 0, "y": 0}, {"x": 1, "y": 1}, {"x": 1, "y": 0}, {"x": 0, "y": 1}]}]}
            """, "options.regions[0].points", "cross itself"
        },
        { """{"zones": [{"id": "a b"}]}""", "options.zones[0].id", "1 to 63 letters" },
        { """{"zones": [{"id": ""}]}""", "options.zones[0].id", "1 to 63 letters" },
        { """{"zones": [{"id": "a"}]}""", "options.zones[0].area.points", "3 to 100" },
        { """{"lines": [{"id": "é"}]}""", "options.lines[0].id", "1 to 63 letters" },
        { """{"lines": [{"id": "a", "end": {"x": 1, "y": 1}}]}""", "options.lines[0].start", "required" },
        {
            """{"lines": [{"id": "a", "start": {"x": 1, "y": 1}, "end": {"x": 1, "y": -1}}]}""",
            "options.lines[0].end.y", "0 to 1"
        },
        {
            """{"lines": [{"id": "a", "start": {"x": 1, "y": 1}, "end": {"x": 1, "y": 1}}]}""",
            "options.lines[0].end", "differ from the start"
        },
        {
            """{"lines": [{"id": "a", "start": {"x": 0, "y": 0.5}, "end": {"x": 1e-200, "y": 0.5}}]}""",
            "options.lines[0].end", "at least 0.000001"
        },
        {
            """{"lines": [{"id": "a", "start": {"x": 0, "y": 0.5}, "end": {"x": -0.0, "y": 0.5}}]}""",
            "options.lines[0].end", "at least 0.000001"
        },
        {
            """
            {"zones": [{"id": "a", "area": {"points": [{"x": 0, "y": 0}, {"x": 1, "y": 0}, {"x": 0, "y": 1}]}}],
            "lines": [{"id": "a", "start": {"x": 0, "y": 1}, "end": {"x": 1, "y": 1}}]}
            """, "options.lines[0].id", "unique among zones and lines"
        },
    };

    [Theory]
    [MemberData(nameof(Invalid))]
    public void Parse_InvalidOptions_AreRefusedWithTheField(string json, string field, string text)
    {
        var refusal = Assert.Throws<ServiceException>(() => JobOptionChecks.Parse(Parse(json), Known));

        var violation = Assert.Single(refusal.FieldViolations);
        Assert.Equal(field, violation.Field);
        Assert.StartsWith(field, violation.Description, StringComparison.Ordinal);
        Assert.Contains(text, violation.Description, StringComparison.Ordinal);
    }

    public static TheoryData<string, int> Counts => new()
    {
        { "time_ranges", JobOptionChecks.MaxTimeRanges },
        { "labels", JobOptionChecks.MaxLabels },
        { "regions", JobOptionChecks.MaxShapes },
        { "zones", JobOptionChecks.MaxShapes },
        { "lines", JobOptionChecks.MaxShapes },
    };

    [Theory]
    [MemberData(nameof(Counts))]
    public void Parse_MoreThanTheLimit_IsRefused(string field, int limit)
    {
        var options = Many(field, limit);
        JobOptionChecks.Parse(options, Named(limit + 1));

        var refusal = Assert.Throws<ServiceException>(
            () => JobOptionChecks.Parse(Many(field, limit + 1), Named(limit + 1)));

        Assert.Equal($"options.{field}", Assert.Single(refusal.FieldViolations).Field);
        Assert.Contains($"at most {limit}", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Parse_EveryOption_IsStoredAsItIs()
    {
        var choices = TestJobs.Choices();
        var options = choices.Clone();
        options.MaxFrames = 9;

        var parsed = JobOptionChecks.Parse(options, Known);

        Assert.Equal((1, 9), (parsed.FrameStride, parsed.MaxFrames));
        Assert.Equal(choices, parsed.Choices);
        Assert.Equal(choices, JobChoices.FromJson(JobChoices.ToJson(parsed.Choices)));
        Assert.Equal((1, 0, JobChoices.None), JobOptionChecks.Parse(null, Known));
    }

    [Fact]
    public void Parse_LabelsOfAPipelineThatNobodyAnsweredFor_AreTaken()
    {
        var options = new JobOptions { Labels = { "zebra" } };

        var (_, _, choices) = JobOptionChecks.Parse(options, new Pipeline { Id = "new" });

        Assert.Equal(options, choices);
    }

    [Theory]
    [InlineData("""{"labels": ["person"]}""", "options.labels[0]", "detects no objects")]
    [InlineData(
        """{"lines": [{"id": "a", "start": {"x": 0, "y": 0}, "end": {"x": 1, "y": 1}}]}""", "options.lines",
        "does not follow objects")]
    public void Parse_WhatThePipelineCannotDo_IsRefused(string json, string field, string text)
    {
        var reading = new Pipeline { Id = "ocr_only", Version = "v1" };

        var refusal = Assert.Throws<ServiceException>(() => JobOptionChecks.Parse(Parse(json), reading));

        Assert.Equal(field, Assert.Single(refusal.FieldViolations).Field);
        Assert.Contains(text, refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Parse_AdaptiveSampling_NeedsATrackerForObjects()
    {
        var adaptive = new JobOptions { Sampling = Sampling.Adaptive };
        var untracked = new Pipeline { Id = "boxes", Version = "v1", Labels = { "person" } };

        var refusal = Assert.Throws<ServiceException>(() => JobOptionChecks.Parse(adaptive, untracked));

        Assert.Equal("options.sampling", Assert.Single(refusal.FieldViolations).Field);
        Assert.Equal(adaptive, JobOptionChecks.Parse(adaptive, Known).Choices);
        var reading = new Pipeline { Id = "ocr_only", Version = "v1" };
        Assert.Equal(adaptive, JobOptionChecks.Parse(adaptive, reading).Choices);
    }

    private static JobOptions Parse(string json) => ForegSyteJson.StrictParser.Parse<JobOptions>(json);

    private static Pipeline Named(int count)
    {
        var pipeline = Known.Clone();
        pipeline.Labels.AddRange(Enumerable.Range(0, count).Select(i => $"label {i}"));
        return pipeline;
    }

    private static JobOptions Many(string field, int count)
    {
        var options = new JobOptions();
        for (var i = 0; i < count; i++)
        {
            switch (field)
            {
                case "time_ranges":
                    options.TimeRanges.Add(new TimeRange
                    {
                        Start = new Duration { Seconds = i },
                        End = new Duration { Seconds = i + 1 },
                    });
                    break;
                case "labels":
                    options.Labels.Add($"label {i}");
                    break;
                case "regions":
                    options.Regions.Add(TestJobs.Triangle(0.5));
                    break;
                case "zones":
                    options.Zones.Add(new Zone { Id = $"z{i}", Area = TestJobs.Triangle(0.5) });
                    break;
                default:
                    options.Lines.Add(new CountingLine
                    {
                        Id = $"l{i}",
                        Start = TestJobs.Point(0, 0),
                        End = TestJobs.Point(1, 1),
                    });
                    break;
            }
        }

        return options;
    }
}
