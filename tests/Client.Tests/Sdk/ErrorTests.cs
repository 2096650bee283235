using ForegSyte.Client.Tests.Fakes;
using ForegSyte.Protocol.Errors;
using ForegSyte.V1;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;

namespace ForegSyte.Client.Tests.Sdk;

public sealed class ErrorTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Call_ErrorWithDetails_ExposesThem()
    {
        await using var server = await ScriptedServer.StartAsync();
        server.Service.List.Fail(Failures.Of(
            StatusCode.InvalidArgument,
            ErrorReason.InvalidField,
            "page_size must not be negative.",
            Failures.BadField("page_size", "It is -1; at least 0.")));
        await using var client = server.Connect();

        var failure = await Assert.ThrowsAsync<ForegSyteException>(
            async () => await client.ListJobsAsync(pageSize: -1, cancellationToken: Token).ToListAsync(Token));

        Assert.Equal(StatusCode.InvalidArgument, failure.Code);
        Assert.Equal(ErrorReason.InvalidField, failure.Reason);
        Assert.Equal("INVALID_FIELD", failure.ReasonText);
        Assert.Equal("page_size must not be negative.", failure.Message);
        Assert.Equal("42", failure.Metadata["jobId"]);
        Assert.Equal([new FieldViolation("page_size", "It is -1; at least 0.")], failure.FieldViolations);
        Assert.Null(failure.RetryAfter);
        Assert.False(failure.IsRetryable, "INVALID_FIELD must not be retryable.");
        Assert.IsType<RpcException>(failure.InnerException);
    }

    [Fact]
    public async Task Call_ReasonOfANewerServer_KeepsItsText()
    {
        await using var server = await ScriptedServer.StartAsync();
        var status = new Google.Rpc.Status { Code = (int)StatusCode.FailedPrecondition, Message = "New." };
        status.Details.Add(Any.Pack(new ErrorInfo { Domain = "foregsyte.dev", Reason = "INVENTED_LATER" }));
        server.Service.Get.Fail(status.ToRpcException());
        await using var client = server.Connect();

        var failure = await Assert.ThrowsAsync<ForegSyteException>(
            () => client.GetJobAsync("x", cancellationToken: Token));

        Assert.Equal((ErrorReason.Unspecified, "INVENTED_LATER"), (failure.Reason, failure.ReasonText));
    }

    [Fact]
    public async Task Call_EachReason_IsRetryableAsPublished()
    {
        await using var server = await ScriptedServer.StartAsync();
        await using var client = server.Connect(options => options with { MaxAttempts = 1 });
        foreach (var entry in ErrorReasonTable.All)
        {
            server.Service.Get.Fail(Failures.Of(entry.Code, entry.Reason, "It failed."));

            var failure = await Assert.ThrowsAsync<ForegSyteException>(
                () => client.GetJobAsync(SampleJobs.Id, cancellationToken: Token));

            Assert.Equal(
                (entry.Reason, entry.Code, entry.IsRetryable), (failure.Reason, failure.Code, failure.IsRetryable));
        }
    }

    [Theory]
    [InlineData(StatusCode.Unavailable, null, true)]
    [InlineData(StatusCode.ResourceExhausted, 1, true)]
    [InlineData(StatusCode.ResourceExhausted, null, false)]
    [InlineData(StatusCode.Internal, null, false)]
    public void IsRetryable_UnknownReason_FollowsTheCodeAndRetryInfo(StatusCode code, int? seconds, bool expected)
    {
        var failure = new ForegSyteException(code, "New.")
        {
            ReasonText = "INVENTED_LATER",
            RetryAfter = seconds is { } delay ? TimeSpan.FromSeconds(delay) : null,
        };

        Assert.Equal(expected, failure.IsRetryable);
    }

    [Fact]
    public async Task Call_RetryInfo_IsTheMinimumDelay()
    {
        await using var server = await ScriptedServer.StartAsync();
        server.Service.Get
            .Fail(Failures.Of(
                StatusCode.Unavailable,
                ErrorReason.InferenceUnavailable,
                "Away.",
                new RetryInfo { RetryDelay = Duration.FromTimeSpan(TimeSpan.FromSeconds(7)) }))
            .Answer(new GetJobResponse { Job = SampleJobs.Pending() });
        var clock = new SkippingTimeProvider();
        await using var client = server.Connect(options => options with { TimeProvider = clock });

        await client.GetJobAsync(SampleJobs.Id, cancellationToken: Token);

        Assert.Equal([TimeSpan.FromSeconds(7)], clock.Delays);
    }

    [Fact]
    public async Task Call_RetryInfoPastTheDeadline_FailsAtOnce()
    {
        await using var server = await ScriptedServer.StartAsync();
        server.Service.Get.Fail(Failures.Of(
            StatusCode.Unavailable,
            ErrorReason.InferenceUnavailable,
            "Away.",
            new RetryInfo { RetryDelay = Duration.FromTimeSpan(TimeSpan.FromHours(1)) }));
        var clock = new SkippingTimeProvider();
        await using var client = server.Connect(options => options with { TimeProvider = clock });

        var failure = await Assert.ThrowsAsync<ForegSyteException>(
            () => client.GetJobAsync(SampleJobs.Id, cancellationToken: Token));

        Assert.Equal(TimeSpan.FromHours(1), failure.RetryAfter);
        Assert.True(failure.IsRetryable, "UNAVAILABLE must be retryable.");
        Assert.Empty(clock.Delays);
    }

    [Fact]
    public async Task Call_BusyServer_IsNotRetried()
    {
        await using var server = await ScriptedServer.StartAsync();
        server.Service.Get.Fail(Failures.Of(
            StatusCode.ResourceExhausted,
            ErrorReason.InferenceBusy,
            "Busy.",
            new RetryInfo { RetryDelay = Duration.FromTimeSpan(TimeSpan.FromSeconds(1)) }));
        await using var client = server.Connect();

        var failure = await Assert.ThrowsAsync<ForegSyteException>(
            () => client.GetJobAsync(SampleJobs.Id, cancellationToken: Token));

        Assert.True(failure.IsRetryable, "An error with RetryInfo must be retryable.");
        Assert.Single(server.Service.Get.Requests);
    }

    [Fact]
    public async Task Call_ServerStaysUnavailable_MakesMaxAttempts()
    {
        await using var server = await ScriptedServer.StartAsync();
        server.Service.Get.Always((_, _) => throw Failures.Unavailable);
        var clock = new SkippingTimeProvider();
        await using var client = server.Connect(options => options with
        {
            MaxAttempts = 4,
            TimeProvider = clock,
            Random = new FixedRandom(1),
        });

        var failure = await Assert.ThrowsAsync<ForegSyteException>(
            () => client.GetJobAsync(SampleJobs.Id, cancellationToken: Token));

        Assert.Equal(ErrorReason.ShuttingDown, failure.Reason);
        Assert.Equal(4, server.Service.Get.Requests.Count);
        Assert.Equal([200, 400, 800], clock.Delays.Select(delay => delay.TotalMilliseconds));
    }

    [Fact]
    public async Task Call_ConnectionRefused_NamesTheAddressAndWhatToDo()
    {
        var server = await ScriptedServer.StartAsync();
        await server.DisposeAsync();
        await using var client = server.Connect();

        var failure = await Assert.ThrowsAsync<ForegSyteException>(
            () => client.ListPipelinesAsync(cancellationToken: Token).ToListAsync(Token).AsTask());

        Assert.Equal(StatusCode.Unavailable, failure.Code);
        Assert.Equal(ErrorReason.Unspecified, failure.Reason);
        Assert.Contains(server.Address.ToString(), failure.Message, StringComparison.Ordinal);
        Assert.Contains("Check that the JobService is running", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Call_ServerHangs_EndsAtTheDeadline()
    {
        await using var server = await ScriptedServer.StartAsync();
        server.Service.Get.Hang();
        await using var client = server.Connect(options => options with
        {
            ReadDeadline = TimeSpan.FromMilliseconds(100),
        });

        var failure = await Assert.ThrowsAsync<ForegSyteException>(
            () => client.GetJobAsync(SampleJobs.Id, cancellationToken: Token));

        Assert.Equal(
            (StatusCode.DeadlineExceeded, ErrorReason.DeadlineExceeded, true),
            (failure.Code, failure.Reason, failure.IsRetryable));
    }

    [Fact]
    public async Task Call_Cancelled_ThrowsOperationCanceled()
    {
        await using var server = await ScriptedServer.StartAsync();
        var reached = new TaskCompletionSource();
        server.Service.Get.Hang(reached);
        await using var client = server.Connect();
        using var source = CancellationTokenSource.CreateLinkedTokenSource(Token);

        var call = client.GetJobAsync(SampleJobs.Id, cancellationToken: source.Token);
        await reached.Task.WaitAsync(Script.TimeLimit, Token);
        await source.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
    }
}
