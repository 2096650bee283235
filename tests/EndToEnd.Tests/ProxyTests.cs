using ForegSyte.Client;
using ForegSyte.Testing;
using ForegSyte.V1;

namespace ForegSyte.EndToEnd.Tests;

/// <summary>Proxies of the environment do not see the calls between services of one machine.</summary>
public sealed class ProxyTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Nothing listens at the proxy, so that a call through it fails.</summary>
    [Fact]
    public async Task Jobs_ProxyInTheEnvironment_IsNotUsedOnLoopback()
    {
        await using var services = new Installation();
        await services.StartInferenceServiceAsync();
        var settings = new Dictionary<string, string>
        {
            ["DataDirectory"] = services.Data,
            ["Listen:Port"] = "0",
            ["Pipelines:Directory"] = Path.Combine(RepositoryFiles.Data, "pipelines"),
            ["Inference:Addresses:0"] = services.InferenceAddress.ToString(),
        };
        string[] proxies =
        [
            "http_proxy=http://127.0.0.1:1", "https_proxy=http://127.0.0.1:1", "all_proxy=http://127.0.0.1:1",
            "grpc_proxy=http://127.0.0.1:1",
        ];
        var (service, address) = await ServiceProcess.StartAsync("JobService", settings, ["env", .. proxies]);
        await using var running = service;
        await using var client = new ForegSyteClient(new ForegSyteClientOptions { Address = address });

        var submitted = await client.SubmitFileAsync(
            RepositoryFiles.Pedestrians, new SubmitOptions { PipelineId = "detect_only", MaxFrames = 1 },
            cancellationToken: Token);
        var job = await Wait.ForAsync(
            () => client.GetJobAsync(submitted.JobId, cancellationToken: Token),
            job => job.Status == JobStatus.Completed, "the job completes");

        Assert.Equal(1, job.Summary.Frames.Analyzed);
    }
}
