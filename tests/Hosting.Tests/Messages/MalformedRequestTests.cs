using System.Net;
using System.Net.Http.Headers;
using ForegSyte.Inference.V1;
using ForegSyte.Protocol.Errors;
using ForegSyte.Testing;
using ForegSyte.V1;
using Google.Rpc;
using Grpc.Core;
using Contract = ForegSyte.Inference.V1.InferenceService;

namespace ForegSyte.Hosting.Tests.Messages;

/// <summary>Requests that are not valid messages, over a real socket.</summary>
public sealed class MalformedRequestTests : IAsyncLifetime
{
    private const string Service = "foregsyte.inference.v1.InferenceService";

    // Field 1: a message of 100 bytes, of which three follow.
    private static readonly byte[] CutOff = [0x0A, 100, 1, 2, 3];

    // Field 0 does not exist.
    private static readonly byte[] NoField = [0x00, 0x01];

    // A varint without an end.
    private static readonly byte[] EndlessNumber = [.. Enumerable.Repeat((byte)0xFF, 30)];

    // Field 2, a string that is not UTF-8.
    private static readonly byte[] NoText = [0x12, 2, 0xC3, 0x28];

    private TestServer _server = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _server = await TestServer.StartAsync();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    public static TheoryData<string, byte[]> Unreadable => new()
    {
        { nameof(CutOff), CutOff },
        { nameof(NoField), NoField },
        { nameof(EndlessNumber), EndlessNumber },
        { nameof(NoText), NoText },
    };

    [Theory]
    [MemberData(nameof(Unreadable))]
    public async Task RunPipeline_BytesThatAreNoMessage_AreMalformed(string what, byte[] bytes)
    {
        Assert.NotEmpty(what);
        var (reason, failure) = await FailureOfAsync(Call("RunPipeline", bytes));

        Assert.Equal((ErrorReason.MalformedRequest, StatusCode.InvalidArgument), (reason, failure.StatusCode));
        Assert.Equal(
            $"/{Service}/RunPipeline", failure.GetRpcStatus()!.GetDetail<ErrorInfo>()!.Metadata["method"]);
        Assert.DoesNotContain("Exception", failure.Status.Detail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("000000000A0102")] // Announces ten bytes and has two.
    [InlineData("0000000002080100000000")] // Bytes after the message.
    [InlineData("000000")] // A truncated length.
    [InlineData("")] // No message.
    public async Task RunPipeline_FrameThatIsBroken_IsMalformed(string hex)
    {
        using var client = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(_server.Address, $"/{Service}/RunPipeline"))
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent(Convert.FromHexString(hex)),
        };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/grpc");
        request.Headers.TE.ParseAdd("trailers");

        using var response = await client.SendAsync(request, Cancel);

        Assert.Equal("3", response.Headers.GetValues("grpc-status").Single());
        var details = response.Headers.GetValues("grpc-status-details-bin").Single();
        var status = Google.Rpc.Status.Parser.ParseFrom(
            Convert.FromBase64String(details.PadRight((details.Length + 3) / 4 * 4, '=')));
        Assert.Equal(ErrorReason.MalformedRequest, ErrorReasons.Parse(status.GetDetail<ErrorInfo>()!.Reason));
    }

    [Fact]
    public async Task RunPipeline_AfterABrokenOne_TheConnectionStillWorks()
    {
        await FailureOfAsync(Call("RunPipeline", CutOff));

        Assert.NotNull(await new Contract.InferenceServiceClient(_server.Channel).RunPipelineAsync(
            new RunPipelineRequest(), cancellationToken: Cancel));
    }

    [Fact]
    public async Task UnknownMethod_WhateverItsBytes_IsUnimplemented()
    {
        var failure = await Assert.ThrowsAsync<RpcException>(() => Call("RunPipelines", CutOff).ResponseAsync);

        Assert.Equal(StatusCode.Unimplemented, failure.StatusCode);
    }

    private AsyncUnaryCall<byte[]> Call(string method, byte[] request)
    {
        var bytes = Marshallers.Create<byte[]>(message => message, message => message);
        return _server.Channel.CreateCallInvoker().AsyncUnaryCall(
            new Method<byte[], byte[]>(MethodType.Unary, Service, method, bytes, bytes),
            host: null,
            new CallOptions(cancellationToken: Cancel),
            request);
    }

    private static async Task<(ErrorReason Reason, RpcException Failure)> FailureOfAsync<T>(AsyncUnaryCall<T> call)
    {
        var failure = await Assert.ThrowsAsync<RpcException>(() => call.ResponseAsync);
        return (Refusal.Read(failure).Reason, failure);
    }
}
