using ForegSyte.Hosting;
using ForegSyte.Hosting.ConcurrencyLimits;
using ForegSyte.Hosting.Connections;
using ForegSyte.Jobs.Faults;
using ForegSyte.Jobs.Fetching;
using ForegSyte.Jobs.Grpc;
using ForegSyte.Jobs.Inference;
using ForegSyte.Jobs.Queue;
using ForegSyte.Jobs.Retention;
using ForegSyte.Jobs.Storage;
using ForegSyte.Jobs.Submission;
using ForegSyte.Jobs.Tests.Fakes;
using ForegSyte.Jobs.Tests.Queue;
using ForegSyte.Jobs.Uploads;
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
    /// <summary>In the place of a setting: no TCP port.</summary>
    public const string NoPort = "";

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(20);
    private static readonly Lazy<ByteString> Clip =
        new(() => ByteString.CopyFrom(File.ReadAllBytes(RepositoryFiles.Pedestrians)));

    private readonly TemporaryFolder _folder = new();
    private readonly RecordedLog _log = new();
    private readonly WebApplication _app;
    private GrpcChannel? _channel;

    private RunningJobService(ScriptedInference inference, (string Key, string Value)[] settings)
    {
        string[] arguments =
        [
            .. settings.Any(setting => setting.Key == NoPort) ? Array.Empty<string>() : ["--Listen:Port=0"],
            $"--DataDirectory={_folder.Path}",
            $"--Pipelines:Directory={Path.Combine(RepositoryFiles.Data, "pipelines")}",
            .. settings.Where(setting => setting.Key != NoPort).Select(setting => $"--{setting.Key}={setting.Value}"),
        ];
        var builder = WebApplication.CreateBuilder(arguments);
        builder.AddForegSyteHost("JobService", defaultPort: 5200, Contract.Descriptor, UploadService.Descriptor);
        builder.Services.AddFaults();
        builder.Services.AddStorage(builder.Configuration);
        builder.Services.AddInferenceClient();
        builder.Services.AddJobs();
        builder.Services.AddFetching();
        builder.Services.AddUploads();
        builder.Services.AddSubmission();
        builder.Services.AddDispatcher();
        builder.Services.AddRetention();
        builder.Services.AddJobRpcs();
        builder.Services.AddSingleton<IInferenceClient>(inference);
        builder.Logging.ClearProviders();
        builder.Logging.AddProvider(_log);
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

    public ICollection<string> Urls => _app.Urls;

    /// <summary>Where it listens for calls.</summary>
    public Uri Address => new(_app.Urls.First());

    /// <summary>Where it listens for HTTP with JSON, if it does.</summary>
    public Uri HttpAddress => new(_app.Urls.ElementAt(1));

    /// <summary>Where it listens for health checks alone, if it does.</summary>
    public Uri HealthAddress => new(_app.Urls.Last());

    public GrpcChannel Channel => _channel!;

    public IServiceProvider Services => _app.Services;

    public IStorage Storage => _app.Services.GetRequiredService<IStorage>();

    public IReadOnlyCollection<string> LogLines => _log.Lines;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static async Task<RunningJobService> StartAsync(
        ScriptedInference inference, params (string Key, string Value)[] settings)
    {
        var service = new RunningJobService(inference, settings);
        await service._app.StartAsync(Cancellation);
        service._channel = GrpcChannel.ForAddress(service.Address);
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

    public async Task<Job> GetAsync(string jobId)
    {
        var answer = await Client.GetJobAsync(new GetJobRequest { JobId = jobId }, cancellationToken: Cancellation);
        Refusal.ReadFrom(answer.Job);
        return answer.Job;
    }

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

    /// <summary>Path of an artifact.</summary>
    public string PathOf(string key) => _folder.File(StorageOptions.DefaultFolderName, key);

    /// <summary>Returns when so many calls wait by their nature.</summary>
    public Task WaitForWaitingCallsAsync(int count)
    {
        var places = Services.GetRequiredService<ConcurrencyLimitInterceptor>();
        return UntilAsync(() => places.Waiting == count, () => $"{places.Waiting} calls wait, not {count}.");
    }

    /// <summary>Returns when so many connections are open.</summary>
    public Task WaitForConnectionsAsync(int count)
    {
        var table = Services.GetRequiredService<ConnectionTable>();
        return UntilAsync(() => table.Count == count, () => $"{table.Count} connections are open, not {count}.");
    }

    /// <summary>The first line of the log with this text, when it is there.</summary>
    public async Task<string> LogLineAsync(string text)
    {
        await UntilAsync(() => LogLines.Any(IsIt), () => $"The log has no \"{text}\".");
        return LogLines.First(IsIt);

        bool IsIt(string line) => line.Contains(text, StringComparison.Ordinal);
    }

    /// <summary>The error of a call that has to fail, with its ErrorInfo.</summary>
    public static async Task<(StatusCode Code, ErrorInfo Info, Google.Rpc.Status Status)> FailureOfAsync<T>(
        AsyncUnaryCall<T> call)
    {
        var refusal = await Refusal.OfAsync(call);
        return ((StatusCode)refusal.Status.Code, refusal.Info, refusal.Status);
    }

    private static async Task UntilAsync(Func<bool> condition, Func<string> what)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (!condition())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(began) < Patience, what());
            await Task.Delay(PollInterval, Cancellation);
        }
    }

    public async ValueTask DisposeAsync()
    {
        _channel?.Dispose();
        await _app.StopAsync(CancellationToken.None);
        await _app.DisposeAsync();
        _folder.Dispose();
    }
}
