using ForegSyte.Hosting;
using ForegSyte.Hosting.ConcurrencyLimits;
using ForegSyte.Hosting.Connections;
using ForegSyte.Jobs.Backups;
using ForegSyte.Jobs.Cluster;
using ForegSyte.Jobs.Faults;
using ForegSyte.Jobs.Fetching;
using ForegSyte.Jobs.Grpc;
using ForegSyte.Jobs.Inference;
using ForegSyte.Jobs.Queue;
using ForegSyte.Jobs.Retention;
using ForegSyte.Jobs.Search;
using ForegSyte.Jobs.Storage;
using ForegSyte.Jobs.Storage.PostgreSql;
using ForegSyte.Jobs.Storage.S3;
using ForegSyte.Jobs.Submission;
using ForegSyte.Jobs.Tenants;
using ForegSyte.Jobs.Tests.Queue;
using ForegSyte.Jobs.Tests.Storage;
using ForegSyte.Jobs.Uploads;
using ForegSyte.Jobs.Webhooks;
using ForegSyte.Testing;
using ForegSyte.V1;
using Google.Protobuf;
using Google.Rpc;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Testing;
using Contract = ForegSyte.V1.JobService;

namespace ForegSyte.Jobs.Tests.Grpc;

/// <summary>
/// The service as Program.cs builds it, on a free port, with its own database and files and a scripted
/// InferenceService.
/// </summary>
internal sealed class RunningJobService : IAsyncDisposable
{
    /// <summary>Pass this key instead of a setting to get no TCP port.</summary>
    public const string NoPort = "";

    private static readonly Lazy<ByteString> Clip =
        new(() => ByteString.CopyFrom(File.ReadAllBytes(RepositoryFiles.Pedestrians)));

    private readonly TemporaryFolder _folder = new();
    private readonly FakeLoggerProvider _log = new();
    private readonly WebApplication _app;
    private GrpcChannel? _channel;

    private RunningJobService(
        ScriptedInference inference, Action<IServiceCollection>? configure, (string Key, string Value)[] settings)
    {
        string[] arguments =
        [
            .. settings.Any(setting => setting.Key == NoPort) ? Array.Empty<string>() : ["--Listen:Port=0"],
            $"--DataDirectory={_folder.Path}",
            $"--Pipelines:Directory={Path.Combine(RepositoryFiles.Data, "pipelines")}",
            .. settings.Where(setting => setting.Key != NoPort).Select(setting => $"--{setting.Key}={setting.Value}"),
        ];
        MigratedDatabase.Provide(_folder.File(DatabaseOptions.DefaultFileName));
        var builder = WebApplication.CreateBuilder(arguments);
        builder.AddForegSyteHost("JobService", defaultPort: 5200, Contract.Descriptor, UploadService.Descriptor,
            SearchService.Descriptor);
        builder.Services.AddFaults();
        builder.Services.AddStorage(builder.Configuration);
        builder.Services.AddS3Storage(builder.Configuration);
        builder.Services.AddInferenceClient();
        builder.Services.AddFetching();
        builder.Services.AddUploads();
        builder.Services.AddCluster(builder.Configuration);
        builder.Services.AddTenants();
        builder.Services.AddWebhooks();
        builder.Services.AddSubmission();
        builder.Services.AddDispatcher();
        builder.Services.AddPostgreSql(builder.Configuration);
        builder.Services.AddBackups(builder.Configuration);
        builder.Services.AddRetention();
        builder.Services.AddSearch();
        builder.Services.AddJobRpcs();
        builder.Services.AddSingleton<IInferenceClient>(inference);
        configure?.Invoke(builder.Services);
        builder.Logging.ClearProviders();
        builder.Logging.AddProvider(_log);
        _app = builder.Build();
        _app.MapForegSyteHost();
        _app.MapGrpcService<JobGrpcService>();
        _app.MapGrpcService<UploadGrpcService>();
        _app.MapGrpcService<SearchGrpcService>();
    }

    public Contract.JobServiceClient Client => new(_channel!);

    public UploadService.UploadServiceClient Uploads => new(_channel!);

    /// <summary>The folder of videos and results.</summary>
    public string StorageFolder => _folder.File("video_jobs");

    /// <summary>A valid video.</summary>
    public static ByteString Video => Clip.Value;

    public ICollection<string> Urls => _app.Urls;

    /// <summary>The address for gRPC calls.</summary>
    public Uri Address => new(_app.Urls.First());

    /// <summary>The address for HTTP with JSON, if configured.</summary>
    public Uri HttpAddress => new(_app.Urls.ElementAt(1));

    /// <summary>The address for health checks only, if configured.</summary>
    public Uri HealthAddress => new(_app.Urls.Last());

    public GrpcChannel Channel => _channel!;

    public IServiceProvider Services => _app.Services;

    public IStorage Storage => _app.Services.GetRequiredService<IStorage>();

    /// <summary>The log lines, each with its level and exception.</summary>
    public IReadOnlyCollection<string> LogLines =>
        [.. _log.Collector.GetSnapshot().Select(line => $"{line.Level} {line.Message} {line.Exception}")];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static Task<RunningJobService> StartAsync(
        ScriptedInference inference, params (string Key, string Value)[] settings) =>
        StartAsync(inference, configure: null, settings);

    /// <summary>Starts the service with some of its services replaced.</summary>
    public static async Task<RunningJobService> StartAsync(
        ScriptedInference inference, Action<IServiceCollection>? configure,
        params (string Key, string Value)[] settings)
    {
        var service = new RunningJobService(inference, configure, settings);
        await service._app.StartAsync(Cancellation);
        service._channel = GrpcChannel.ForAddress(service.Address);
        return service;
    }

    /// <summary>An InferenceService that never serves.</summary>
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

    /// <summary>Polls the job until it meets a condition.</summary>
    public Task<Job> GetWhenAsync(string jobId, Func<Job, bool> condition) =>
        Wait.ForAsync(() => GetAsync(jobId), condition, "the job reaches the expected state");

    /// <summary>The path of an artifact.</summary>
    public string PathOf(string key) => _folder.File(StorageOptions.DefaultFolderName, key);

    /// <summary>Returns when this number of long polls is waiting.</summary>
    public Task WaitForWaitingCallsAsync(int count)
    {
        var limits = Services.GetRequiredService<ConcurrencyLimitInterceptor>();
        return UntilAsync(() => limits.LongPolls == count, () => $"{limits.LongPolls} calls wait, not {count}.");
    }

    /// <summary>Returns when this number of connections is open.</summary>
    public Task WaitForConnectionsAsync(int count)
    {
        var table = Services.GetRequiredService<ConnectionTable>();
        return UntilAsync(() => table.Count == count, () => $"{table.Count} connections are open, not {count}.");
    }

    /// <summary>Waits for a log line with a text and returns it.</summary>
    public async Task<string> LogLineAsync(string text)
    {
        await UntilAsync(() => LogLines.Any(IsIt), () => $"The log has no line with \"{text}\".");
        return LogLines.First(IsIt);

        bool IsIt(string line) => line.Contains(text, StringComparison.Ordinal);
    }

    /// <summary>The error of a call that must fail, with its ErrorInfo.</summary>
    public static async Task<(StatusCode Code, ErrorInfo Info, Google.Rpc.Status Status)> FailureOfAsync<T>(
        AsyncUnaryCall<T> call)
    {
        var refusal = await Refusal.OfAsync(call);
        return ((StatusCode)refusal.Status.Code, refusal.Info, refusal.Status);
    }

    private static Task UntilAsync(Func<bool> condition, Func<string> problem) =>
        Wait.UntilNoneAsync(() => condition() ? null : problem(), "the service reaches the expected state");

    public async ValueTask DisposeAsync()
    {
        _channel?.Dispose();
        await _app.StopAsync(CancellationToken.None);
        await _app.DisposeAsync();
        _folder.Dispose();
    }
}
