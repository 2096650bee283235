using CsCheck;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Tests.Jobs;

public sealed class RetryPolicyTests
{
    private static readonly RetryOptions Options =
        new() { MaxAttempts = 3, FirstDelay = TimeSpan.FromSeconds(1), MaxDelay = TimeSpan.FromSeconds(10) };

    [Theory]
    [InlineData(ErrorReason.UndecodableVideo)]
    [InlineData(ErrorReason.StageFailed)]
    [InlineData(ErrorReason.Internal)]
    [InlineData(ErrorReason.NoVideoTrack)]
    public void DelayBeforeRetry_PermanentFailure_IsNone(ErrorReason reason) =>
        Assert.Null(RetryPolicy.DelayBeforeRetry(After(), new JobFailure(reason, ""), Options, 0.5));

    [Fact]
    public void DelayBeforeRetry_AttemptsUsedUp_IsNone()
    {
        var lost = new JobFailure(ErrorReason.InferenceUnavailable, "");
        Assert.NotNull(RetryPolicy.DelayBeforeRetry(After(lost), lost, Options, 0.5));
        Assert.Null(RetryPolicy.DelayBeforeRetry(After(lost, lost), lost, Options, 0.5));
    }

    [Fact]
    public void DelayBeforeRetry_StopsOfTheService_DoNotCount()
    {
        var stopped = new JobFailure(ErrorReason.ShuttingDown, "");
        var job = After([.. Enumerable.Repeat(stopped, 50)]);
        Assert.NotNull(RetryPolicy.DelayBeforeRetry(job, stopped, Options, 0.5));
        Assert.NotNull(RetryPolicy.DelayBeforeRetry(job, new JobFailure(ErrorReason.DecoderLost, ""), Options, 0.5));
    }

    [Fact]
    public void DelayBeforeRetry_AnyJitter_DoublesUpToTheLimit() =>
        Gen.Select(Gen.Int[0, 60], Gen.Double[0, 1]).Sample((earlier, jitter) =>
        {
            var options =
                new RetryOptions { MaxAttempts = 100, FirstDelay = Options.FirstDelay, MaxDelay = Options.MaxDelay };
            var lost = new JobFailure(ErrorReason.DecoderLost, "");
            var delay =
                RetryPolicy.DelayBeforeRetry(
                    After([.. Enumerable.Repeat(lost, earlier)]), lost, options, jitter)!.Value;
            var step = Math.Min(10_000, 1000 * Math.Pow(2, earlier));
            Assert.InRange(delay.TotalMilliseconds, (step / 2) - 1, step + 1);
        });

    private static JobRecord After(params JobFailure[] failures) => new()
    {
        JobId = Guid.Empty,
        Status = JobStatus.Running,
        PipelineId = "p",
        InputPath = "v",
        CreatedAt = DateTimeOffset.UnixEpoch,
        UpdatedAt = DateTimeOffset.UnixEpoch,
        QueuedAt = DateTimeOffset.UnixEpoch,
        Attempts =
        [
            .. failures.Select((failure, index) =>
                new AttemptRecord(index + 1, DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch, failure)),
            new AttemptRecord(failures.Length + 1, DateTimeOffset.UnixEpoch, null, null),
        ],
    };
}
