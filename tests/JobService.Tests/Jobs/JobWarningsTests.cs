using ForegSyte.Inference.V1;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Tests.Jobs;

public sealed class JobWarningsTests
{
    private static readonly WarningReason[] Reasons =
        [.. Enum.GetValues<WarningReason>().Where(reason => reason != WarningReason.Unspecified)];

    [Fact]
    public void Constructor_WarningsInAnyOrder_SumsEachReasonAndSorts()
    {
        var warnings = new JobWarnings(
        [
            New(WarningReason.TrailingBytes, 2), New(WarningReason.UnsupportedScript, 3),
            New(WarningReason.UnsupportedScript, 4), New(WarningReason.TimestampsLost, 0),
        ]);

        Assert.Equal(
            [(WarningReason.UnsupportedScript, 7L), (WarningReason.TrailingBytes, 2L)],
            warnings.ToMessages().Select(warning => (warning.Reason, warning.Count)));
        Assert.Equal(0, warnings.CountOf(WarningReason.TimestampsLost));
    }

    [Fact]
    public void Or_SameDefectFoundTwice_IsNotSummed()
    {
        var submission = JobWarnings.Empty.With(WarningReason.TrailingBytes, 5);
        var probe = new JobWarnings([New(WarningReason.TrailingBytes, 5), New(WarningReason.TimestampsLost, 1)]);

        Assert.Equal(probe, submission.Or(probe));
        Assert.Equal(probe, probe.Or(submission));
        Assert.Equal(10, submission.Plus(probe).CountOf(WarningReason.TrailingBytes));
    }

    [Fact]
    public void OfSegment_LostAndDamagedFrames_ComeFromTheCounts()
    {
        var segment = new RunPipelineResponse
        {
            Frames = new FrameAccounting { Total = 9, Analyzed = 7, Failed = 2, Damaged = 3 },
            Warnings = { New(WarningReason.FramesLost, 100), New(WarningReason.UnsupportedScript, 4) },
        };

        Assert.Equal(
            JobWarnings.Empty.With(WarningReason.FramesLost, 2)
                .With(WarningReason.FramesDamaged, 3)
                .With(WarningReason.UnsupportedScript, 4),
            JobWarnings.OfSegment(segment));
    }

    [Fact]
    public void ToMessages_EveryReasonOfTheContract_SaysHowManyAndWhatToDo()
    {
        foreach (var reason in Reasons)
        {
            var one = JobWarnings.Empty.With(reason, 1).ToMessages().Single().Message;
            var many = JobWarnings.Empty.With(reason, 12).ToMessages().Single().Message;
            Assert.StartsWith("1 ", one, StringComparison.Ordinal);
            Assert.StartsWith("12 ", many, StringComparison.Ordinal);
            Assert.DoesNotContain("does not know", many, StringComparison.Ordinal);
            Assert.Matches("submit|Nothing to do|Use ", many);
        }
    }

    [Theory]
    [InlineData(
        WarningReason.FramesLost,
        "1 frame could not be decoded and no results exist for them. If they matter, submit an undamaged copy of the "
        + "video.")]
    [InlineData(
        WarningReason.FramesDamaged,
        "1 frame could be decoded only with errors, so the results for them can be wrong (FrameResult.damaged). If "
        + "they matter, submit an undamaged copy of the video.")]
    [InlineData(
        WarningReason.TimestampsLost,
        "1 frame without a timestamp different from that of the frame before: players do not show them, but they are "
        + "analyzed. Nothing to do, unless each frame must have a time of its own.")]
    [InlineData(
        WarningReason.UnsupportedScript,
        "1 line of text left out, probably in a script that the model cannot read. Use a pipeline whose model reads "
        + "this script.")]
    [InlineData(
        WarningReason.TrailingBytes,
        "1 byte after the last box of the file ignored. Nothing to do, unless the video should be longer.")]
    [InlineData((WarningReason)77, "1 defect of a kind that this version of the JobService does not know.")]
    public void ToMessages_OneAndMany_SayWhatIsWrongAndWhatToDo(WarningReason reason, string one)
    {
        Assert.Equal(one, JobWarnings.Empty.With(reason, 1).ToMessages().Single().Message);
        var words = one.Split(' ', 3);
        Assert.Equal(
            $"2 {words[1]}s {words[2]}", JobWarnings.Empty.With(reason, 2).ToMessages().Single().Message);
    }

    [Fact]
    public void WithAndPlus_NothingNew_AreTheSameWarnings()
    {
        var warnings = JobWarnings.Empty.With(WarningReason.FramesLost, 2).With(WarningReason.TrailingBytes, 3);

        Assert.Same(warnings, warnings.With(WarningReason.FramesLost, 2));
        Assert.Same(warnings, warnings.Plus(JobWarnings.Empty));
        Assert.Same(warnings, JobWarnings.Empty.Plus(warnings));
        Assert.Equal(
            JobWarnings.Empty.With(WarningReason.TrailingBytes, 3), warnings.With(WarningReason.FramesLost, 0));
        Assert.Equal(4, warnings.With(WarningReason.FramesLost, 4).CountOf(WarningReason.FramesLost));
        Assert.Equal(4, warnings.Plus(warnings).CountOf(WarningReason.FramesLost));
        Assert.Equal(3, warnings.Or(JobWarnings.Empty.With(WarningReason.TrailingBytes, 1))
            .CountOf(WarningReason.TrailingBytes));
        Assert.Equal(JobWarnings.Empty.With(WarningReason.TrailingBytes, 3), warnings.OfFile());
        Assert.Equal(2, warnings.Count);
    }

    [Fact]
    public void Equals_Warnings_ComparesReasonsAndCounts()
    {
        var warnings = JobWarnings.Empty.With(WarningReason.FramesLost, 2).With(WarningReason.TrailingBytes, 3);
        var same = JobWarnings.Empty.With(WarningReason.TrailingBytes, 3).With(WarningReason.FramesLost, 2);

        Assert.True(warnings.Equals(same) && warnings.Equals((object)same), "Equal warnings differ.");
        Assert.Equal(warnings.GetHashCode(), same.GetHashCode());
        Assert.False(warnings.Equals(warnings.With(WarningReason.FramesLost, 1)), "The count does not matter.");
        Assert.False(warnings.Equals(null), "Warnings equal null.");
        Assert.False(warnings.Equals("text"), "Warnings equal a text.");
    }

    [Fact]
    public void OfSegment_WithoutCounts_HasItsWarningsAlone() => Assert.Equal(
        JobWarnings.Empty.With(WarningReason.UnsupportedScript, 4),
        JobWarnings.OfSegment(new RunPipelineResponse { Warnings = { New(WarningReason.UnsupportedScript, 4) } }));

    private static Warning New(WarningReason reason, long count) => new() { Reason = reason, Count = count };
}
