using ForegSyte.Hosting.Messages;
using ForegSyte.Inference.V1;
using ForegSyte.Testing;
using ForegSyte.V1;
using Google.Rpc;
using Grpc.Core;
using Grpc.Reflection.V1;
using Microsoft.Extensions.DependencyInjection;
using Contract = ForegSyte.Inference.V1.InferenceService;

namespace ForegSyte.Hosting.Tests.Messages;

/// <summary>Limits of request sizes, and reflection, over a real socket.</summary>
public sealed class MessageSizeMiddlewareTests : IAsyncLifetime
{
    private const int LimitBytes = 64 * 1024;
    private TestServer _server = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private Contract.InferenceServiceClient Client => _server.Inference;

    public async ValueTask InitializeAsync() => _server = await TestServer.StartAsync(services =>
        services.Configure<MessageSizeLimits>(limits =>
            limits.Methods["/foregsyte.inference.v1.InferenceService/RunPipeline"] =
                new MessageSizeLimit(LimitBytes, "Upload it in parts.")));

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Theory]
    [InlineData(LimitBytes + 1)]
    [InlineData(40 * 1024 * 1024)]
    public async Task RunPipeline_MessageOverTheLimit_NamesLimitAndOtherWay(int bytes)
    {
        var (reason, failure) = await FailureOfAsync(
            Client.RunPipelineAsync(OfSize(bytes), cancellationToken: Cancel));

        Assert.Equal((ErrorReason.MessageTooLarge, StatusCode.ResourceExhausted), (reason, failure.StatusCode));
        Assert.EndsWith("Upload it in parts.", failure.Status.Detail, StringComparison.Ordinal);
        var metadata = failure.GetRpcStatus()!.GetDetail<ErrorInfo>()!.Metadata;
        Assert.Equal(
            (FormattableString.Invariant($"{LimitBytes}"), FormattableString.Invariant($"{bytes}")),
            (metadata["limit"], metadata["actualBytes"]));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(100)]
    [InlineData(LimitBytes)]
    public async Task RunPipeline_MessageWithinTheLimit_ArrivesWhole(int bytes)
    {
        var response = await Client.RunPipelineAsync(OfSize(bytes), cancellationToken: Cancel);

        Assert.Equal(bytes, response.Frames.Total);
    }

    [Fact]
    public async Task ProbeVideo_OverTheDefaultOfOtherMethods_IsRefusedToo()
    {
        var request = new ProbeVideoRequest
        {
            Video = new VideoSource { Uri = new string('x', MessageSizeLimits.DefaultMaxBytes) },
        };

        var (reason, _) = await FailureOfAsync(
            Client.ProbeVideoAsync(request, cancellationToken: Cancel));

        Assert.Equal(ErrorReason.MessageTooLarge, reason);
    }

    [Fact]
    public async Task RunPipeline_CompressedMessageThatUnpacksPastTheLimit_IsTooLarge()
    {
        var headers = new Metadata { { "grpc-internal-encoding-request", "gzip" } };

        var (reason, failure) = await FailureOfAsync(Client.RunPipelineAsync(
            OfSize(MessageSizeLimits.DefaultMaxBytes * 2), headers, cancellationToken: Cancel));

        Assert.Equal((ErrorReason.MessageTooLarge, StatusCode.ResourceExhausted), (reason, failure.StatusCode));
        Assert.EndsWith("Upload it in parts.", failure.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RunPipeline_AfterARefusal_TheConnectionStillWorks()
    {
        for (var call = 0; call < 5; call++)
        {
            await FailureOfAsync(
                Client.RunPipelineAsync(OfSize(4 * 1024 * 1024), cancellationToken: Cancel));
            Assert.Equal(10, (await Client.RunPipelineAsync(OfSize(10), cancellationToken: Cancel)).Frames.Total);
        }
    }

    [Theory]
    [InlineData("foregsyte.inference.v1.InferenceService")]
    [InlineData("foregsyte.v1.ErrorReason")]
    [InlineData("google.rpc.ErrorInfo")]
    [InlineData("google.rpc.Status")]
    [InlineData("grpc.health.v1.Health")]
    public async Task Reflection_KnowsServicesAndTheTypesOfErrors(string symbol)
    {
        var request = new ServerReflectionRequest { FileContainingSymbol = symbol };
        using var call = new ServerReflection.ServerReflectionClient(_server.Channel)
            .ServerReflectionInfo(cancellationToken: Cancel);
        await call.RequestStream.WriteAsync(request, Cancel);
        Assert.True(await call.ResponseStream.MoveNext(Cancel), "Reflection sent no response.");

        Assert.NotNull(call.ResponseStream.Current.FileDescriptorResponse);
        await call.RequestStream.CompleteAsync();
    }

    /// <summary>A request whose message has exactly this many bytes.</summary>
    private static RunPipelineRequest OfSize(int bytes)
    {
        // Field number and length take 2 to 5 bytes.
        for (var length = Math.Max(0, bytes - 5); length <= bytes; length++)
        {
            var request = new RunPipelineRequest { JobId = new string('x', length) };
            if (request.CalculateSize() == bytes)
            {
                return request;
            }
        }

        throw new ArgumentOutOfRangeException(nameof(bytes), bytes, "No such request has this size.");
    }

    private static async Task<(ErrorReason Reason, RpcException Failure)> FailureOfAsync<T>(AsyncUnaryCall<T> call)
    {
        var failure = await Assert.ThrowsAsync<RpcException>(() => call.ResponseAsync);
        return (Refusal.Read(failure).Reason, failure);
    }
}
