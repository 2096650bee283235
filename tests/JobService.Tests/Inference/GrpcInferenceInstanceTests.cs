using ForegSyte.Hosting.Outbound;
using ForegSyte.Inference.V1;
using ForegSyte.Jobs.Inference;
using ForegSyte.Jobs.Tests.Grpc;
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
}
