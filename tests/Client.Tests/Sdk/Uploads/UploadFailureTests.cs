using ForegSyte.Client.Tests.Fakes;
using ForegSyte.V1;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;
using Status = Grpc.Core.Status;

namespace ForegSyte.Client.Tests.Sdk.Uploads;

/// <summary>Parts that fail.</summary>
public sealed class UploadFailureTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Failures that pass, by what happens to the second part and the one after it.</summary>
    public static TheoryData<string> Passing { get; } =
        ["unavailable", "internal after it was taken", "unknown", "connection broken", "stream reset", "checksum", "busy",
            "rate limited", "too slow"];

    [Theory]
    [MemberData(nameof(Passing))]
    public async Task SubmitFile_PartFails_IsSentAgainUntilItIsThere(string failure)
    {
        await using var scene = await UploadScene.SetAsync();
        scene.Uploads.Part.Do((request, _) => Task.FromResult(scene.Uploads.Take(request)));
        Misbehave(scene.Uploads, failure);
        Misbehave(scene.Uploads, failure);

        await scene.SubmitAsync(
            Token,
            changeUploads: uploads => failure == "too slow"
                ? uploads with { PartDeadline = TimeSpan.FromMilliseconds(500) }
                : uploads);

        Assert.Equal(scene.Bytes, Assert.Single(scene.Uploads.Videos));
        // A broken connection takes the other parts under way with it.
        Assert.InRange(scene.Uploads.Part.Requests.Count, 13, 11 + (2 * 4));
        Assert.Single(scene.Uploads.Create.Requests);
    }

    [Fact]
    public async Task SubmitFile_PartRefused_IsNotSentAgain()
    {
        await using var scene = await UploadScene.SetAsync();
        scene.Uploads.Part.Fail(Failures.Of(StatusCode.ResourceExhausted, ErrorReason.StorageFull, "The disk is full."));

        var failure = await Assert.ThrowsAsync<ForegSyteException>(
            () => scene.SubmitAsync(Token, changeUploads: uploads => uploads with { Parallelism = 1 }));

        Assert.Equal(ErrorReason.StorageFull, failure.Reason);
        Assert.Single(scene.Uploads.Part.Requests);
        // When there is room again, the same call goes on.
        Assert.Single(scene.Notes);
        Assert.True(scene.Reports[^1].CanResume);
    }

    [Fact]
    public async Task SubmitFile_PartBreaksTheServerEachTime_GivesUpAfterMaxAttempts()
    {
        await using var scene = await UploadScene.SetAsync();
        scene.Uploads.Part.Always((_, _) => throw new RpcException(new Status(StatusCode.Internal, "no")));

        var failure = await Assert.ThrowsAsync<ForegSyteException>(() => scene.SubmitAsync(
            Token, options => options with { MaxAttempts = 3 }, uploads => uploads with { Parallelism = 1 }));

        Assert.Equal(StatusCode.Internal, failure.Code);
        Assert.Equal(3, scene.Uploads.Part.Requests.Count);
    }

    [Fact]
    public async Task SubmitFile_ServerStaysAway_GivesUpWithinMaxOutage()
    {
        await using var scene = await UploadScene.SetAsync();
        scene.Uploads.Part.Always((_, _) => throw Failures.Unavailable);
        var clock = new SkippingTimeProvider();

        var failure = await Assert.ThrowsAsync<ForegSyteException>(() => scene.SubmitAsync(
            Token,
            options => options with
            {
                TimeProvider = clock,
                Random = new FixedRandom(1),
                MaxOutage = TimeSpan.FromSeconds(30),
            },
            uploads => uploads with { Parallelism = 1 }));

        Assert.Equal(StatusCode.Unavailable, failure.Code);
        // 0.2, 0.4, 0.8, 1.6, 3.2 and then 5 seconds each; one more would have been past the limit.
        Assert.Equal([0.2, 0.4, 0.8, 1.6, 3.2, 5, 5, 5, 5], clock.Pauses.Select(pause => pause.TotalSeconds));
        Assert.Single(scene.Notes);
    }

    [Fact]
    public async Task SubmitFile_ServerRestartedMidway_IsNotNoticed()
    {
        await using var scene = await UploadScene.SetAsync();
        var midway = new TaskCompletionSource();
        for (var part = 0; part < 5; part++)
        {
            scene.Uploads.Part.Do((request, _) => Task.FromResult(scene.Uploads.Take(request)));
        }

        scene.Uploads.Part.Hang(midway);
        var submission = scene.SubmitAsync(Token, options => options with
        {
            TimeProvider = TimeProvider.System,
            RetryBaseDelay = TimeSpan.FromMilliseconds(20),
        });
        await midway.Task.WaitAsync(UploadScene.TimeLimit, Token);
        await scene.RestartServerAsync();

        await submission;

        Assert.Equal(scene.Bytes, Assert.Single(scene.Uploads.Videos));
        Assert.Single(scene.Uploads.Create.Requests);
    }

    [Fact]
    public async Task SubmitFile_UploadGoneMidway_IsForgotten()
    {
        await using var scene = await UploadScene.SetAsync();
        scene.Uploads.Part.Fail(Failures.UploadNotFound);

        var failure = await Assert.ThrowsAsync<ForegSyteException>(() => scene.SubmitAsync(Token));

        Assert.Equal(ErrorReason.UploadNotFound, failure.Reason);
        Assert.Empty(scene.Notes);
        Assert.False(scene.Reports[^1].CanResume);
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
