using ForegSyte.Client.Tests.Fakes;
using ForegSyte.V1;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;
using Status = Grpc.Core.Status;

namespace ForegSyte.Client.Tests.Sdk.Uploads;

/// <summary>Uploads with failing parts.</summary>
public sealed class UploadFailureTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Transient failures of the second and the third part.</summary>
    public static TheoryData<string> TransientFailures { get; } =
    [
        "unavailable", "internal after it was taken", "unknown", "connection broken", "stream reset", "checksum",
        "busy", "rate limited", "too slow",
    ];

    [Theory]
    [MemberData(nameof(TransientFailures))]
    public async Task SubmitFile_PartFails_IsRetried(string failure)
    {
        await using var fixture = await UploadFixture.StartAsync();
        fixture.Uploads.Part.Do((request, _) => Task.FromResult(fixture.Uploads.Take(request)));
        Misbehave(fixture.Uploads, failure);
        Misbehave(fixture.Uploads, failure);

        await fixture.SubmitAsync(
            Token,
            changeUploads: uploads => failure == "too slow"
                ? uploads with { PartDeadline = TimeSpan.FromMilliseconds(500) }
                : uploads);

        Assert.Equal(fixture.Bytes, Assert.Single(fixture.Uploads.Videos));
        // A broken connection fails the concurrent parts too, and on a slow machine any part can be too slow.
        var maximum = failure == "too slow" ? int.MaxValue : 11 + (2 * 4);
        Assert.InRange(fixture.Uploads.Part.Requests.Count, 13, maximum);
        Assert.Single(fixture.Uploads.Create.Requests);
    }

    [Fact]
    public async Task SubmitFile_PartRateLimited_WaitsForRetryInfo()
    {
        await using var fixture = await UploadFixture.StartAsync();
        Misbehave(fixture.Uploads, "rate limited");
        var clock = new SkippingTimeProvider();

        await fixture.SubmitAsync(
            Token, options => options with { TimeProvider = clock }, uploads => uploads with { Parallelism = 1 });

        // RetryInfo asks for 1 s; the client's own delay is at most 0.2 s.
        Assert.Equal([TimeSpan.FromSeconds(1)], clock.Delays);
    }

    [Fact]
    public async Task SubmitFile_PartRejected_IsNotRetried()
    {
        await using var fixture = await UploadFixture.StartAsync();
        fixture.Uploads.Part.Fail(
            Failures.Of(StatusCode.ResourceExhausted, ErrorReason.StorageFull, "The disk is full."));

        var failure = await Assert.ThrowsAsync<ForegSyteException>(
            () => fixture.SubmitAsync(Token, changeUploads: uploads => uploads with { Parallelism = 1 }));

        Assert.Equal(ErrorReason.StorageFull, failure.Reason);
        Assert.Single(fixture.Uploads.Part.Requests);
        // The same call resumes when the disk has space.
        Assert.Single(fixture.Checkpoints);
        Assert.True(fixture.Reports[^1].CanResume, "The upload must be resumable.");
    }

    [Fact]
    public async Task SubmitFile_PartAlwaysFails_StopsAfterMaxAttempts()
    {
        await using var fixture = await UploadFixture.StartAsync();
        fixture.Uploads.Part.Always((_, _) => throw new RpcException(new Status(StatusCode.Internal, "no")));

        var failure = await Assert.ThrowsAsync<ForegSyteException>(() => fixture.SubmitAsync(
            Token, options => options with { MaxAttempts = 3 }, uploads => uploads with { Parallelism = 1 }));

        Assert.Equal(StatusCode.Internal, failure.Code);
        Assert.Equal(3, fixture.Uploads.Part.Requests.Count);
    }

    [Fact]
    public async Task SubmitFile_LongOutage_StopsWithinMaxOutage()
    {
        await using var fixture = await UploadFixture.StartAsync();
        fixture.Uploads.Part.Always((_, _) => throw Failures.Unavailable);
        var clock = new SkippingTimeProvider();

        var failure = await Assert.ThrowsAsync<ForegSyteException>(() => fixture.SubmitAsync(
            Token,
            options => options with
            {
                TimeProvider = clock,
                Random = new FixedRandom(1),
                MaxOutage = TimeSpan.FromSeconds(30),
            },
            uploads => uploads with { Parallelism = 1 }));

        Assert.Equal(StatusCode.Unavailable, failure.Code);
        // One more delay of 5 s would exceed MaxOutage.
        Assert.Equal([0.2, 0.4, 0.8, 1.6, 3.2, 5, 5, 5, 5], clock.Delays.Select(delay => delay.TotalSeconds));
        Assert.Single(fixture.Checkpoints);
    }

    [Fact]
    public async Task SubmitFile_ServerRestartsMidway_Continues()
    {
        await using var fixture = await UploadFixture.StartAsync();
        var midway = new TaskCompletionSource();
        for (var part = 0; part < 5; part++)
        {
            fixture.Uploads.Part.Do((request, _) => Task.FromResult(fixture.Uploads.Take(request)));
        }

        fixture.Uploads.Part.Hang(midway);
        var submission = fixture.SubmitAsync(Token, options => options with
        {
            TimeProvider = TimeProvider.System,
            RetryBaseDelay = TimeSpan.FromMilliseconds(20),
        });
        await midway.Task.WaitAsync(Script.TimeLimit, Token);
        await fixture.RestartServerAsync();

        await submission;

        Assert.Equal(fixture.Bytes, Assert.Single(fixture.Uploads.Videos));
        Assert.Single(fixture.Uploads.Create.Requests);
    }

    [Fact]
    public async Task SubmitFile_UploadGoneMidway_DeletesTheCheckpoint()
    {
        await using var fixture = await UploadFixture.StartAsync();
        fixture.Uploads.Part.Fail(Failures.UploadNotFound);

        var failure = await Assert.ThrowsAsync<ForegSyteException>(() => fixture.SubmitAsync(Token));

        Assert.Equal(ErrorReason.UploadNotFound, failure.Reason);
        Assert.Empty(fixture.Checkpoints);
        Assert.False(fixture.Reports[^1].CanResume, "The upload is gone and cannot be resumed.");
    }

    private static void Misbehave(ScriptedUploadService uploads, string failure)
    {
        var part = uploads.Part;
        switch (failure)
        {
            case "unavailable":
                part.Fail(Failures.Unavailable);
                break;
            case "internal after it was taken":
                part.Do((request, _) =>
                {
                    uploads.Take(request);
                    throw new RpcException(new Status(StatusCode.Internal, "The answer is lost."));
                });
                break;
            case "unknown":
                part.Fail(new RpcException(new Status(StatusCode.Unknown, "Exception was thrown by handler.")));
                break;
            case "connection broken":
                part.BreakConnection();
                break;
            case "stream reset":
                part.Do((_, context) =>
                {
                    context.GetHttpContext().Abort();
                    return Task.FromCanceled<UploadPartResponse>(new CancellationToken(canceled: true));
                });
                break;
            case "checksum":
                part.Fail(Failures.Of(StatusCode.InvalidArgument, ErrorReason.PartChecksumMismatch, "It was changed."));
                break;
            case "busy":
                part.Fail(Failures.UploadBusy);
                break;
            case "rate limited":
                part.Fail(Failures.Of(
                    StatusCode.ResourceExhausted, ErrorReason.RateLimited, "Too many calls.",
                    new RetryInfo { RetryDelay = Duration.FromTimeSpan(TimeSpan.FromSeconds(1)) }));
                break;
            case "too slow":
                part.Hang();
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(failure), failure, "There is no such failure.");
        }
    }
}
