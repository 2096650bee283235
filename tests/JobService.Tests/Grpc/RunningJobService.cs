using ForegSyte.Hosting;
using ForegSyte.Jobs.Faults;
using ForegSyte.Jobs.Grpc;
using ForegSyte.Jobs.Inference;
using ForegSyte.Jobs.Intake;
using ForegSyte.Jobs.Queue;
using ForegSyte.Jobs.Retention;
using ForegSyte.Jobs.Storage;
using ForegSyte.Jobs.Tests.Queue;
using ForegSyte.Jobs.Uploads;
using ForegSyte.Protocol.Errors;
using ForegSyte.Testing;
using ForegSyte.V1;
using Google.Protobuf;
using Google.Rpc;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Contract = ForegSyte.V1.JobService;

namespace ForegSyte.Jobs.Tests.Grpc;

/// <summary>
/// The service as Program.cs builds it, on a free port, over a database and files of its own, with a scripted
/// InferenceService.
/// </summary>
internal sealed class RunningJobService : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(20);
    private static readonly Lazy<ByteString> Clip =
        new(() => ByteString.CopyFrom(File.ReadAllBytes(RepositoryFiles.Pedestrians)));

    private readonly TemporaryFolder _folder = new();
    private readonly WebApplication _app;
    private GrpcChannel? _channel;

    private RunningJobService(ScriptedInference inference, (string Key, string Value)[] settings)
    {
        string[] arguments =
        [
            "--Listen:Port=0",
            $"--DataDirectory={_folder.Path}",
            $"--Pipelines:Directory={Path.Combine(RepositoryFiles.Data, "pipelines")}",
            .. settings.Select(setting => $"--{setting.Key}={setting.Value}"),
        ];
        var builder = WebApplication.CreateBuilder(arguments);
        builder.AddForegSyteHost("JobService", defaultPort: 5200, Contract.Descriptor);
        builder.Services.AddFaults();
        builder.Services.AddStorage(builder.Configuration);
        builder.Services.AddInferenceClient();
        builder.Services.AddJobs();
        builder.Services.AddUploads();
        builder.Services.AddIntake();
        builder.Services.AddDispatcher();
        builder.Services.AddRetention();
        builder.Services.AddJobRpcs();
        builder.Services.AddSingleton<IInferenceClient>(inference);
        builder.Logging.ClearProviders();
        _app = builder.Build();
        _app.MapForegSyteHost();
        _app.MapGrpcService<JobGrpcService>();
        _app.MapGrpcService<UploadGrpcService>();
    }

    public Contract.JobServiceClient Client => new(_channel!);

    public UploadService.UploadServiceClient Uploads => new(_channel!);

    /// <summary>Where videos and results are stored.</summary>
    public string StorageFolder => _folder.File("video_jobs");

    /// <summary>The bytes of a video that every test may send.</summary>
    public static ByteString Video => Clip.Value;

    public IStorage Storage => _app.Services.GetRequiredService<IStorage>();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static async Task<RunningJobService> StartAsync(
        ScriptedInference inference, params (string Key, string Value)[] settings)
    {
        var service = new RunningJobService(inference, settings);
        await service._app.StartAsync(Cancellation);
        service._channel = GrpcChannel.ForAddress(service._app.Urls.Single());
        return service;
    }

    /// <summary>An InferenceService that does not serve.</summary>
    public static ScriptedInference NotServing() =>
        new() { Serving = cancellationToken => Task.Delay(Timeout.Infinite, cancellationToken) };

    public static SubmitVideoRequest Request(int? priority = null, string requestId = "")
    {
        var request = new SubmitVideoRequest
        {
            Content = Clip.Value,
            PipelineId = "detect_only",
            RequestId = requestId,
        };
        if (priority is { } given)
        {
            request.Priority = given;
        }

        return request;
    }

    public async Task<Job> SubmitAsync(int? priority = null, string requestId = "") =>
        (await Client.SubmitVideoAsync(Request(priority, requestId), cancellationToken: Cancellation)).Job;

    public async Task<Job> GetAsync(string jobId) =>
        (await Client.GetJobAsync(new GetJobRequest { JobId = jobId }, cancellationToken: Cancellation)).Job;

    /// <summary>Asks for the job until it is as wanted.</summary>
    public async Task<Job> GetWhenAsync(string jobId, Func<Job, bool> isWanted)
    {
        var deadline = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var job = await GetAsync(jobId);
            if (isWanted(job))
            {
                return job;
            }

            Assert.True(TimeProvider.System.GetElapsedTime(deadline) < Patience, $"Still waiting: {job}");
            await Task.Delay(PollInterval, Cancellation);
        }
    }

    /// <summary>The error of a call that has to fail, with its ErrorInfo.</summary>
    public static async Task<(StatusCode Code, ErrorInfo Info, Google.Rpc.Status Status)> FailureOfAsync<T>(
        AsyncUnaryCall<T> call)
    {
        var failure = await Assert.ThrowsAsync<RpcException>(() => call.ResponseAsync);
        var status = failure.GetRpcStatus();
        var info = status?.GetDetail<ErrorInfo>();
        Assert.NotNull(info);
        Assert.Equal(ErrorReasons.Domain, info.Domain);
        return (failure.StatusCode, info, status!);
    }

    public async ValueTask DisposeAsync()
    {
        _channel?.Dispose();
        await _app.StopAsync(CancellationToken.None);
        await _app.DisposeAsync();
        _folder.Dispose();
    }
}
