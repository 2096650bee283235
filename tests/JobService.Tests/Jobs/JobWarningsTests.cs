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

    private static Warning New(WarningReason reason, long count) => new() { Reason = reason, Count = count };
}
