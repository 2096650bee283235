using System.Net;
using ForegSyte.Hosting.Outbound;
using ForegSyte.Inference.V1;
using ForegSyte.Jobs.Inference;
using ForegSyte.Jobs.Tests.Grpc;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Tests.Inference;

public sealed class GrpcInferenceInstanceTests
{
    /// <summary>
    /// A healthy server without the package foregsyte.inference.v1, such as an InferenceService of another version:
    /// jobs must wait for a matching one and not fail.
    /// </summary>
    [Fact]
    public async Task Check_HealthyServerOfAnotherVersion_IsNotServing()
    {
        await using var other = await RunningJobService.StartAsync(RunningJobService.NotServing());
        var options = Options.Create(new InferenceOptions());
        using var channels = new InferenceChannels(
            options, Options.Create(new ClientTlsOptions()), TimeProvider.System, NullLoggerFactory.Instance);
        using var instance = new GrpcInferenceInstance(
            new InferenceAddress(other.Address), channels, options, TimeProvider.System, NullLoggerFactory.Instance);

        Assert.Equal(InstanceHealth.NotServing, await instance.CheckAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Check_AddressOfAName_CallsTheNameAtTheAddress()
    {
        await using var other = await RunningJobService.StartAsync(RunningJobService.NotServing());
        var options = Options.Create(new InferenceOptions());
        using var channels = new InferenceChannels(
            options, Options.Create(new ClientTlsOptions()), TimeProvider.System, NullLoggerFactory.Instance);
        using var instance = new GrpcInferenceInstance(
            new InferenceAddress(other.Address, new UriBuilder(other.Address) { Host = "inference.invalid" }.Uri),
            channels, options, TimeProvider.System, NullLoggerFactory.Instance);

        // It answers, although the name does not exist.
        Assert.Equal(InstanceHealth.NotServing, await instance.CheckAsync(TestContext.Current.CancellationToken));
        Assert.Equal(other.Address, instance.Address);
    }

    /// <summary>An InferenceService that is down never had the segment, so the segment cannot have ended it.</summary>
    [Theory]
    [InlineData("http://127.0.0.1:1")]
    [InlineData("unix:/nowhere/inference.sock")]
    public async Task Run_NothingListens_IsNotALoss(string address)
    {
        var options = Options.Create(new InferenceOptions());
        using var channels = new InferenceChannels(
            options, Options.Create(new ClientTlsOptions()), TimeProvider.System, NullLoggerFactory.Instance);
        using var instance = new GrpcInferenceInstance(
            new InferenceAddress(new Uri(address)), channels, options, TimeProvider.System, NullLoggerFactory.Instance);

        var failed = await Assert.ThrowsAsync<InferenceFailedException>(
            () => instance.RunAsync(new RunPipelineRequest(), TestContext.Current.CancellationToken));

        Assert.Same(InferenceFailures.NotReached, failed.Failure);
    }

    /// <summary>
    /// Kestrel can lose a later response of a connection after late updates of a stream's window
    /// (dotnet/aspnetcore#53736); then a job waits for the timeout of its segment.
    /// </summary>
    [Fact]
    public async Task Run_ResponseOfAMebibyte_NeedsNoUpdateOfItsWindow()
    {
        var builder = WebApplication.CreateBuilder();
        builder.Logging.ClearProviders().SetMinimumLevel(LogLevel.Trace).AddFakeLogging();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(
            IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2));
        builder.Services.AddGrpc();
        await using var server = builder.Build();
        server.MapGrpcService<LargeResponses>();
        await server.StartAsync(TestContext.Current.CancellationToken);
        var options = Options.Create(new InferenceOptions());
        using var channels = new InferenceChannels(
            options, Options.Create(new ClientTlsOptions()), TimeProvider.System, NullLoggerFactory.Instance);
        using var instance = new GrpcInferenceInstance(
            new InferenceAddress(new Uri(server.Urls.Single())), channels, options, TimeProvider.System,
            NullLoggerFactory.Instance);

        for (var call = 0; call < 3; call++)
        {
            var response = await instance.RunAsync(new RunPipelineRequest(), TestContext.Current.CancellationToken);
            Assert.Equal(LargeResponses.Length, response.DecoderOutput.Length);
        }

        var frames = server.Services.GetFakeLogCollector().GetSnapshot()
            .Select(record => record.Message)
            .Where(message => message.Contains(" frame for stream ID ", StringComparison.Ordinal))
            .ToList();
        Assert.Contains(frames, frame => frame.Contains("sending DATA", StringComparison.Ordinal));
        Assert.DoesNotContain(frames, frame => frame.Contains("WINDOW_UPDATE", StringComparison.Ordinal)
            && !frame.Contains("stream ID 0 ", StringComparison.Ordinal));
    }

    private sealed class LargeResponses : InferenceService.InferenceServiceBase
    {
        public const int Length = 1024 * 1024;

        public override Task<RunPipelineResponse> RunPipeline(RunPipelineRequest request, ServerCallContext context) =>
            Task.FromResult(new RunPipelineResponse { DecoderOutput = new string('x', Length) });
    }
}
