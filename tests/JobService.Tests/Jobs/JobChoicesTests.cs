using ForegSyte.Jobs.Tests.Storage;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Tests.Jobs;

public sealed class JobChoicesTests
{
    [Fact]
    public void Of_Options_LeavesOutWhatTheRecordHasItself()
    {
        var options = TestJobs.Choices();
        (options.FrameStride, options.MaxFrames) = (5, 7);

        Assert.Equal(TestJobs.Choices(), JobChoices.Of(options));
        Assert.Equal((5, 7), (options.FrameStride, options.MaxFrames));
        Assert.Same(JobChoices.None, JobChoices.Of(null));
        Assert.Same(JobChoices.None, JobChoices.Of(new JobOptions { FrameStride = 5, MaxFrames = 7 }));
    }

    [Fact]
    public void OptionsOf_Job_CanBeSubmittedAgain()
    {
        var job = TestJobs.Pending() with { FrameStride = 5, MaxFrames = 7, Choices = TestJobs.Choices() };

        // The stride follows from frames_per_second; both together would be refused.
        var withRate = JobChoices.OptionsOf(job);
        Assert.Equal((0, 7, 6.0), (withRate.FrameStride, withRate.MaxFrames, withRate.FramesPerSecond));
        Assert.Equal(job.Choices, JobChoices.Of(withRate));

        var withStride = JobChoices.OptionsOf(job with { Choices = JobChoices.None });
        Assert.Equal(new JobOptions { FrameStride = 5, MaxFrames = 7 }, withStride);
        Assert.Equal(new JobOptions(), JobChoices.None);
    }

    [Fact]
    public void ToJson_Choices_AreReadBack()
    {
        var json = JobChoices.ToJson(TestJobs.Choices());

        Assert.Equal(TestJobs.Choices(), JobChoices.FromJson(json));
        Assert.Contains("\"frames_per_second\"", json, StringComparison.Ordinal);
        Assert.DoesNotContain("max_frames", json, StringComparison.Ordinal);
        Assert.Null(JobChoices.ToJson(JobChoices.None));
        Assert.Same(JobChoices.None, JobChoices.FromJson(null));
    }

    [Theory]
    [InlineData(5, 30, 6)]
    [InlineData(6, 15, 3)]
    [InlineData(4, 10, 3)]
    [InlineData(60, 30, 1)]
    [InlineData(5, 0, 1)]
    [InlineData(0.000001, 30, JobChoices.MaxFrameStride)]
    public void StrideFor_FramesPerSecond_IsTheNearestStride(double framesPerSecond, double frameRate, int expected) =>
        Assert.Equal(expected, JobChoices.StrideFor(framesPerSecond, frameRate));

    [Fact]
    public void DifferencesBetween_Texts_NamesTheOptions()
    {
        var left = JobChoices.ToJson(TestJobs.Choices());
        var changed = TestJobs.Choices();
        changed.MinConfidence = 0.1f;
        changed.Labels.Add("car");

        Assert.Empty(JobChoices.DifferencesBetween(left, left));
        Assert.Empty(JobChoices.DifferencesBetween(null, null));
        Assert.Equal(
            ["options.labels", "options.min_confidence"],
            JobChoices.DifferencesBetween(left, JobChoices.ToJson(changed)).Order());
        Assert.Equal(
            ["options.labels"],
            JobChoices.DifferencesBetween(null, JobChoices.ToJson(new JobOptions { Labels = { "car" } })));
    }
}
