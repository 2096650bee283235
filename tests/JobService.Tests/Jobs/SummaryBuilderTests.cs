using CsCheck;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Tests.Jobs;

public sealed class SummaryBuilderTests
{
    [Fact]
    public void Build_NothingAdded_IsEmptyWithZeroFrames() =>
        Assert.Equal(new JobSummary { Frames = new FrameAccounting() }, new SummaryBuilder([], []).Build());

    [Fact]
    public void Build_Frames_CountsLabelsSummedAndTextsOncePerFrame()
    {
        var builder = new SummaryBuilder([], []);
        builder.Add(Frame(labels: ["person", "person", "car"], texts: ["GATE 07", "GATE 07"]));
        builder.Add(Frame(labels: ["person"], texts: ["NORTH", "GATE 07"]));
        builder.Add(new FrameResult { FrameIndex = 3 });
        builder.Add(new FrameAccounting { Total = 2, Analyzed = 1, Skipped = 1 });
        builder.Add(new FrameAccounting { Total = 3, Analyzed = 2, Failed = 1, Damaged = 2, Interpolated = 1 });

        Assert.Equal(
            new JobSummary
            {
                Frames = new FrameAccounting
                {
                    Total = 5,
                    Analyzed = 3,
                    Skipped = 1,
                    Failed = 1,
                    Damaged = 2,
                    Interpolated = 1,
                },
                Labels =
                {
                    new LabelSummary { Label = "person", DetectionCount = 3 },
                    new LabelSummary { Label = "car", DetectionCount = 1 },
                },
                Texts = { Count("GATE 07", 2), Count("NORTH", 1) },
            },
            builder.Build());
    }

    [Fact]
    public void Complete_MaxFrames_CountsTheFramesAfterTheLastSegmentAsSkipped()
    {
        var builder = new SummaryBuilder([], []);
        builder.Add(new FrameAccounting
        {
            Total = 30,
            Analyzed = 9,
            Skipped = 20,
            Failed = 1,
            Failures = { new FrameFailureCount { Reason = "UNDECODABLE_VIDEO", FrameCount = 1 } },
        });
        builder.Add(new FrameAccounting { Total = 7, Analyzed = 3, Skipped = 4 });
        var summary = builder.Complete(frameCount: 100, endFrame: 37, new FrameLossOptions(), out var failure);
        Assert.Null(failure);
        Assert.Equal(
            new FrameAccounting
            {
                Total = 100,
                Analyzed = 12,
                Skipped = 87,
                Failed = 1,
                Failures = { new FrameFailureCount { Reason = "UNDECODABLE_VIDEO", FrameCount = 1 } },
            },
            summary.Frames);
    }

    /// <summary>Each row breaks one of the rules for 10 frames.</summary>
    [Theory]
    [InlineData(9, 5, 4, 0, 0, ErrorReason.Internal)]
    [InlineData(11, 5, 6, 0, 0, ErrorReason.Internal)]
    [InlineData(10, 5, 4, 0, 0, ErrorReason.Internal)]
    [InlineData(10, 5, 3, 2, 1, ErrorReason.Internal)]
    [InlineData(10, 0, 7, 3, 3, ErrorReason.UndecodableVideo)]
    public void Complete_FramesMissingOrNoneAnalyzed_IsAFailure(
        int decoded, int analyzed, int skipped, int failed, int withReason, ErrorReason expected)
    {
        var frames = new FrameAccounting { Total = decoded, Analyzed = analyzed, Skipped = skipped, Failed = failed };
        if (withReason > 0)
        {
            frames.Failures.Add(
                new FrameFailureCount { Reason = "UNDECODABLE_VIDEO", FrameCount = withReason });
        }

        var builder = new SummaryBuilder([], []);
        builder.Add(frames);
        builder.Complete(frameCount: 10, endFrame: 10, new FrameLossOptions(), out var failure);
        Assert.Equal(expected, failure?.Reason);
    }

    [Fact]
    public void Build_UpToTheCountedTexts_IsTheExactTop() =>
        Gen.Int[0, 200].Array[0, 3_000].Sample(readings =>
        {
            var builder = new SummaryBuilder([], []);
            foreach (var reading in readings)
            {
                builder.Add(Frame(texts: [$"text {reading}"]));
            }

            var expected = readings
                .GroupBy(reading => $"text {reading}")
                .Select(group => Count(group.Key, group.Count()))
                .OrderByDescending(count => count.FrameCount)
                .ThenBy(count => count.Text, StringComparer.Ordinal)
                .Take(SummaryBuilder.MaxTexts);
            Assert.Equal(expected, builder.Build().Texts);
        });

    [Fact]
    public void Build_MoreTextsThanAreCounted_KeepsTheFrequentWithinTheBound()
    {
        var builder = new SummaryBuilder([], []);
        const int Rounds = 20_000;
        for (var i = 0; i < Rounds; i++)
        {
            builder.Add(Frame(texts: [$"junk {i}"]));
            if (i % 100 == 0)
            {
                builder.Add(Frame(texts: ["GATE 07"]));
            }
        }

        var texts = builder.Build().Texts;

        Assert.Equal(SummaryBuilder.MaxTexts, texts.Count);
        Assert.Equal("GATE 07", texts[0].Text);
        Assert.InRange(texts[0].FrameCount, Rounds / 100, (Rounds / 100) + (Rounds / 1_000));
    }

    [Fact]
    public void Build_TooManyLabelsAndTooLongTexts_AreBounded()
    {
        var builder = new SummaryBuilder([], []);
        builder.Add(Frame(labels: Enumerable.Range(0, 1_500).Select(i => $"label {i}")));
        builder.Add(Frame(labels: ["label 0", "label 1400"]));

        // A cut after 256 characters would split the surrogate pair.
        builder.Add(Frame(texts: [new string('x', 255) + "\U0001F3A5" + "tail"]));

        var summary = builder.Build();
        Assert.Equal(SummaryBuilder.MaxLabels, summary.Labels.Count);
        Assert.Equal(new LabelSummary { Label = "label 0", DetectionCount = 2 }, summary.Labels[0]);
        Assert.Equal(new string('x', 255), Assert.Single(summary.Texts).Text);
    }

    [Fact]
    public void Build_NewTextAboveTheCountedTexts_InheritsTheCountOfTheRarest()
    {
        var builder = new SummaryBuilder([], []);
        for (var i = 0; i < SummaryBuilder.MaxCountedTexts - 1; i++)
        {
            builder.Add(Frame(texts: [$"read twice {i}"]));
            builder.Add(Frame(texts: [$"read twice {i}"]));
        }

        builder.Add(Frame(texts: ["b"]));
        builder.Add(Frame(texts: ["a"]));
        Assert.Equal(Count("a", 2), builder.Build().Texts[0]);

        // Each replaces a text that was read twice: b was forgotten, and c is new.
        builder.Add(Frame(texts: ["b"]));
        builder.Add(Frame(texts: ["c"]));
        var texts = builder.Build().Texts;
        Assert.Equal([Count("b", 3), Count("c", 3)], texts.Take(2));
        Assert.All(texts.Skip(2), text => Assert.Equal(2, text.FrameCount));
    }

    [Fact]
    public void Build_LongText_IsCutToTheLimit()
    {
        var builder = new SummaryBuilder([], []);
        builder.Add(Frame(texts: [new string('x', SummaryBuilder.MaxTextLength + 1)]));

        Assert.Equal(Count(new string('x', SummaryBuilder.MaxTextLength), 1), Assert.Single(builder.Build().Texts));
    }

    [Fact]
    public void Build_Tracks_CountsThemByLabelZoneAndDirection()
    {
        var builder = new SummaryBuilder(
            [new Zone { Id = "hall" }, new Zone { Id = "door" }],
            [new CountingLine { Id = "gate" }, new CountingLine { Id = "fence" }]);
        builder.Add(Frame(labels: ["person", "person", "person", "car"]));
        builder.Add(Track("person", zone: "door", line: "fence", CrossingDirection.Left));
        builder.Add(Track("person", zone: "door", line: "fence", CrossingDirection.Right));
        builder.Add(Track("bus", zone: "door", line: "fence", CrossingDirection.Right));
        builder.Add(Track("car", zone: "door", line: "fence", CrossingDirection.Right));
        builder.AddTextTrack();
        builder.AddTextTrack();
        builder.AddShot();

        Assert.Equal(
            new JobSummary
            {
                Frames = new FrameAccounting(),
                Labels =
                {
                    new LabelSummary { Label = "person", DetectionCount = 3, TrackCount = 2 },
                    new LabelSummary { Label = "car", DetectionCount = 1, TrackCount = 1 },

                    // No detection has the label that the votes gave the track.
                    new LabelSummary { Label = "bus", TrackCount = 1 },
                },
                Zones =
                {
                    new ZoneSummary { ZoneId = "hall" },
                    new ZoneSummary { ZoneId = "door", Tracks = { Tracks("person", 2), Tracks("bus"), Tracks("car") } },
                },
                Lines =
                {
                    new LineSummary { LineId = "gate" },
                    new LineSummary
                    {
                        LineId = "fence",
                        ToLeft = { Tracks("person") },
                        ToRight = { Tracks("bus"), Tracks("car"), Tracks("person") },
                    },
                },
                ShotCount = 1,
                TextTrackCount = 2,
            },
            builder.Build());
    }

    [Fact]
    public void Build_TracksOfTooManyLabels_AreBounded()
    {
        var builder = new SummaryBuilder([new Zone { Id = "door" }], []);
        for (var label = 0; label <= SummaryBuilder.MaxLabels; label++)
        {
            builder.Add(Visitor($"label {label}"));
        }

        builder.Add(Visitor("label 0"));

        var summary = builder.Build();
        Assert.Equal(SummaryBuilder.MaxLabels, summary.Labels.Count);
        Assert.Equal(SummaryBuilder.MaxLabels, summary.Zones.Single().Tracks.Count);
        Assert.Equal(Tracks("label 0", 2), summary.Zones.Single().Tracks[0]);

        static ObjectTrack Visitor(string label) =>
            new() { Label = label, ZoneVisits = { new ZoneVisit { ZoneId = "door" } } };
    }

    [Fact]
    public void Complete_FramesMissingAndNoneAnalyzed_NamesTheDefectAndItsCounts()
    {
        var builder = new SummaryBuilder([], []);
        builder.Add(new FrameAccounting
        {
            Total = 9,
            Skipped = 6,
            Failed = 3,
            Failures = { new FrameFailureCount { Reason = "UNDECODABLE_VIDEO", FrameCount = 2 } },
        });

        builder.Complete(frameCount: 10, endFrame: 10, new FrameLossOptions(), out var failure);

        Assert.Equal(
            (ErrorReason.Internal,
                "The segments count 9 of 10 frames: 0 analyzed, 6 skipped, 3 failed, 2 of them with a reason. This is "
                + "a defect of the service."),
            (failure!.Reason, failure.Message));
    }

    [Theory]
    [InlineData("total")]
    [InlineData("analyzed")]
    [InlineData("skipped")]
    [InlineData("failed")]
    [InlineData("damaged")]
    [InlineData("interpolated")]
    [InlineData("failures")]
    public void Add_CountAboveTheLargestNumber_IsNotWrapped(string field)
    {
        var builder = new SummaryBuilder([], []);
        builder.Add(Counts(int.MaxValue));

        Assert.Throws<OverflowException>(() => builder.Add(Counts(1)));

        FrameAccounting Counts(int count)
        {
            var frames = new FrameAccounting();
            if (field == "failures")
            {
                frames.Failures.Add(new FrameFailureCount { Reason = "UNDECODABLE_VIDEO", FrameCount = count });
                return frames;
            }

            FrameAccounting.Descriptor.FindFieldByName(field).Accessor.SetValue(frames, count);
            return frames;
        }
    }

    private static ObjectTrack Track(string label, string zone, string line, CrossingDirection direction) => new()
    {
        Label = label,
        ZoneVisits = { new ZoneVisit { ZoneId = zone } },
        LineCrossings = { new LineCrossing { LineId = line, Direction = direction } },
    };

    private static TrackCount Tracks(string label, int count = 1) => new() { Label = label, Count = count };

    private static FrameResult Frame(IEnumerable<string>? labels = null, IEnumerable<string>? texts = null) => new()
    {
        Result = new PipelineResult
        {
            Detections = { (labels ?? []).Select(label => new Detection { Label = label }) },
            TextRegions = { (texts ?? []).Select(text => new TextRegion { Text = text }) },
        },
    };

    private static TextSummary Count(string text, int frames) => new() { Text = text, FrameCount = frames };
}
