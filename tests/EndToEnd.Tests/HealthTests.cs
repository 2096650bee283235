using ForegSyte.Client;
using ForegSyte.Inference.V1;
using ForegSyte.Testing;
using ForegSyte.V1;
using Grpc.Core;
using Grpc.Health.V1;
using Grpc.Net.Client;
using ServingStatus = Grpc.Health.V1.HealthCheckResponse.Types.ServingStatus;

namespace ForegSyte.EndToEnd.Tests;

/// <summary>A service is SERVING only when its models are warm and until it is asked to stop.</summary>
public sealed class HealthTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task InferenceService_WhileItStarts_IsNotServingUntilItsModelsAreWarm()
    {
        using var folder = new TemporaryFolder();
        var (service, address) = await ServiceProcess.StartAsync("InferenceService", new Dictionary<string, string>
        {
            ["DataDirectory"] = folder.Path,
            ["Listen:Port"] = "0",
            ["Pipelines:Directory"] = Path.Combine(RepositoryFiles.Data, "pipelines"),
            ["Models:CataloguePath"] = Path.Combine(RepositoryFiles.Data, "models", "models.json"),
        });
        await using (service)
        {
            using var channel = GrpcChannel.ForAddress(address);
            using var watch = new Health.HealthClient(channel).Watch(
                new HealthCheckRequest { Service = "foregsyte.inference.v1.InferenceService" },
                cancellationToken: Token);

            // The models can be warm before the first answer; only NOT_SERVING may come before SERVING.
            var status = await ReadAsync(watch);
            while (status != ServingStatus.Serving)
            {
                Assert.Equal(ServingStatus.NotServing, status);
                status = await ReadAsync(watch);
            }

            var pipelines = await new InferenceService.InferenceServiceClient(channel)
                .ListPipelinesAsync(new Inference.V1.ListPipelinesRequest(), cancellationToken: Token);
            Assert.NotEmpty(pipelines.Pipelines);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Service_Stopped_IsNeverServingAgainAndExitsWithZero(bool jobs)
    {
        await using var services = new Installation();
        await (jobs ? services.StartJobServiceAsync() : services.StartInferenceServiceAsync());
        using var channel = GrpcChannel.ForAddress(jobs ? services.JobAddress : services.InferenceAddress);
        using var watch = new Health.HealthClient(channel).Watch(new HealthCheckRequest(), cancellationToken: Token);
        Assert.Equal(ServingStatus.Serving, await ReadAsync(watch));

        var exit = (jobs ? services.JobService : services.InferenceService).StopAsync();
        var seen = new List<ServingStatus>();
        try
        {
            while (await watch.ResponseStream.MoveNext(Token))
            {
                seen.Add(watch.ResponseStream.Current.Status);
            }
        }
        catch (RpcException ended) when (ended.StatusCode is StatusCode.Unavailable or StatusCode.Cancelled)
        {
            // The process closed the connection.
        }

        Assert.DoesNotContain(ServingStatus.Serving, seen);
        Assert.Equal(0, await exit);
    }

    [Fact]
    public async Task JobService_WithoutInferenceService_ServesAndItsJobsWait()
    {
        await using var services = new Installation(
            new Dictionary<string, string> { ["Inference:HealthInterval"] = "00:00:00.050" });

        // The first start reserves the port for the later one.
        await services.StartInferenceServiceAsync();
        Assert.Equal(0, await services.InferenceService.StopAsync());
        await services.InferenceService.DisposeAsync();
        await services.StartJobServiceAsync();

        await using var client = services.Client();
        var job = await client.SubmitFileAsync(
            RepositoryFiles.Pedestrians, new SubmitOptions { PipelineId = "detect_only", MaxFrames = 1 },
            cancellationToken: Token);
        await services.JobService.PrintsAsync("Jobs wait: no InferenceService is serving");
        var waited = await client.WaitJobAsync(
            job.JobId, job.Etag, TimeSpan.FromMilliseconds(500), cancellationToken: Token);
        Assert.Equal(JobStatus.Pending, waited.Status);
        Assert.Equal(job.Etag, waited.Etag);

        await services.StartInferenceServiceAsync();
        job = await client.WaitForCompletionAsync(job.JobId, Wait.Timeout, cancellationToken: Token);
        Assert.Equal(JobStatus.Completed, job.Status);
        Assert.Single(job.Attempts);
    }

    private static async Task<ServingStatus> ReadAsync(AsyncServerStreamingCall<HealthCheckResponse> watch)
    {
        Assert.True(await watch.ResponseStream.MoveNext(Token), "The health watch ended.");
        return watch.ResponseStream.Current.Status;
    }
}
