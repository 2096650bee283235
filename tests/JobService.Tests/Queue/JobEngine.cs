using System.Globalization;
using System.Reflection;
using ForegSyte.Hosting.Configuration;
using ForegSyte.Jobs.Backups;
using ForegSyte.Jobs.Faults;
using ForegSyte.Jobs.Fetching;
using ForegSyte.Jobs.Grpc;
using ForegSyte.Jobs.Inference;
using ForegSyte.Jobs.Queue;
using ForegSyte.Jobs.Retention;
using ForegSyte.Jobs.Storage;
using ForegSyte.Jobs.Submission;
using ForegSyte.Jobs.Tenants;
using ForegSyte.Jobs.Tests.Grpc;
using ForegSyte.Jobs.Tests.Storage;
using ForegSyte.Jobs.Tracks;
using ForegSyte.Jobs.Uploads;
using ForegSyte.Testing;
using ForegSyte.V1;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace ForegSyte.Jobs.Tests.Queue;

/// <summary>The engine that runs jobs, on a real database and real files, with a scripted InferenceService.</summary>
internal sealed class JobEngine : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(1);

    private readonly TemporaryFolder? _ownFolder;
    private readonly ServiceProvider _services;

    /// <summary>Builds the engine on a new folder, or on the folder of an earlier engine.</summary>
    public JobEngine(
        ScriptedInference inference, TimeProvider time, TemporaryFolder? folder = null,
        params (string Key, string Value)[] settings)
        : this(inference, time, folder, storage => storage, settings)
    {
    }

    /// <summary>Builds the engine on a storage that wraps the real one, and on a store that does so too.</summary>
    public JobEngine(
        IInferenceClient inference, TimeProvider time, TemporaryFolder? folder, Func<IStorage, IStorage> around,
        (string Key, string Value)[] settings,
        Func<MethodInfo, Func<object?>, object?>? aroundStore = null)
    {
        _ownFolder = folder is null ? new TemporaryFolder() : null;
        Folder = folder ?? _ownFolder!;
        MigratedDatabase.Provide(Folder.File(DatabaseOptions.DefaultFileName));
        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection(settings.Select(setting => KeyValuePair.Create(setting.Key, (string?)setting.Value)))
            .AddInMemoryCollection([KeyValuePair.Create(DataDirectory.Key, (string?)Folder.Path)])
            .Build();
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddSingleton<IConfiguration>(configuration);
        services.AddSingleton(new DataDirectory(Folder.Path));
        services.AddSingleton(time);
        services.AddFaults();
        services.AddStorage(configuration);
        if (aroundStore is not null)
        {
            JobStoreProxy.Decorate(services, aroundStore);
        }

        services.AddDispatcher();
        services.AddSingleton<LocalStorage>();
        services.AddSingleton(provider => around(provider.GetRequiredService<LocalStorage>()));
        services.AddSingleton<ResultPages>();
        services.AddLiveTracks();
        services.AddSingleton<TrackPages>();
        services.AddSingleton(inference);
        services.AddFetching();
        services.AddUploads();
        services.AddTenants();
        services.AddSubmission();
        services.AddBackups(configuration);
        services.AddRetention();
        _services = services.BuildServiceProvider();

        // As in the service, these follow the commits from the first one on.
        _ = (Tracker, Pending, Attempts);
    }

    public TemporaryFolder Folder { get; }

    public IServiceProvider Services => _services;

    public JobTracker Tracker => _services.GetRequiredService<JobTracker>();

    public IJobStore Store => _services.GetRequiredService<IJobStore>();

    public IStorage Storage => _services.GetRequiredService<IStorage>();

    public ISegmentStore Segments => _services.GetRequiredService<ISegmentStore>();

    public ResultPages Pages => _services.GetRequiredService<ResultPages>();

    public TrackPages TrackPages => _services.GetRequiredService<TrackPages>();

    public JobRunner Runner => _services.GetRequiredService<JobRunner>();

    public QueueClaims Claims => _services.GetRequiredService<QueueClaims>();

    public IJobQueue Queue => _services.GetRequiredService<IJobQueue>();

    public PendingJobs Pending => _services.GetRequiredService<PendingJobs>();

    public LocalAttempts Attempts => _services.GetRequiredService<LocalAttempts>();

    public JobRescuer Rescuer => _services.GetRequiredService<JobRescuer>();

    public JobControl Control => _services.GetRequiredService<JobControl>();

    public JobRemoval Removal => _services.GetRequiredService<JobRemoval>();

    public JobRecovery Recovery => _services.GetRequiredService<JobRecovery>();

    public SegmentSweep Sweep => _services.GetRequiredService<SegmentSweep>();

    /// <summary>Stores a pending job.</summary>
    public async Task<Guid> AddJobAsync(
        int frameStride = 1, int maxFrames = 0, int priority = JobPriority.Default, DateTimeOffset? submittedAt = null,
        string tenant = "", JobOptions? choices = null, Guid? reusedJobId = null)
    {
        var jobId = Guid.NewGuid();
        var now = submittedAt ?? new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
        await Store.InsertAsync(
            new JobRecord
            {
                JobId = jobId,
                Status = JobStatus.Pending,
                Tenant = tenant,
                PipelineId = "yolo_ocr",
                FrameStride = frameStride,
                MaxFrames = maxFrames,
                Choices = choices ?? JobChoices.None,
                ReusedJobId = reusedJobId,
                Priority = priority,
                InputPath = ArtifactKeys.Video(jobId),
                CreatedAt = now,
                UpdatedAt = now,
                QueuedAt = now,
            },
            TestContext.Current.CancellationToken);
        return jobId;
    }

    /// <summary>Stores an empty file as a job's video.</summary>
    public async Task PutVideoAsync(Guid jobId)
    {
        await using var video = await Storage.StageAsync(
            ArtifactKeys.Video(jobId), TestContext.Current.CancellationToken);
        await video.CommitAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>Runs an attempt at a job; fails if it does not end in time.</summary>
    public Task<TimeSpan?> RunAsync(Guid jobId) => RunUntilStoppedAsync(jobId, CancellationToken.None);

    /// <summary>Runs an attempt at a job under a token that stands for the stop of the service.</summary>
    public Task<TimeSpan?> RunUntilStoppedAsync(Guid jobId, CancellationToken stopToken) =>
        WaitAsync(ClaimAndRunAsync(jobId, stopToken), "the attempt to end", jobId);

    /// <summary>
    /// Runs another job from its submission to its end. An attempt that should wait, and does not, has settled by then.
    /// </summary>
    public async Task RunAnotherJobAsync()
    {
        var jobId = await AddJobAsync();
        await RunAsync(jobId);
        Assert.Equal(JobStatus.Completed, (await ReadAsync(jobId)).Status);
    }

    /// <summary>Waits for a task; on a timeout fails with the awaited event and the job's last state.</summary>
    public async Task WaitAsync(Task task, string awaited, Guid jobId)
    {
        try
        {
            await task.WaitAsync(Limit, TestContext.Current.CancellationToken);
        }
        catch (TimeoutException)
        {
            Assert.Fail($"Waited {Limit} for {awaited}. {await DescribeAsync(jobId)}");
        }
    }

    /// <summary>Waits for the result of a task; on a timeout fails as above.</summary>
    public async Task<T> WaitAsync<T>(Task<T> task, string awaited, Guid jobId)
    {
        await WaitAsync((Task)task, awaited, jobId);
        return await task;
    }

    /// <summary>The stored job.</summary>
    public async Task<JobRecord> ReadAsync(Guid jobId) =>
        (await Store.FindAsync(jobId, TestContext.Current.CancellationToken))!;

    private async Task<TimeSpan?> ClaimAndRunAsync(Guid jobId, CancellationToken stopToken)
    {
        using var turn = await Claims.TryClaimAsync(jobId, stopToken);
        return turn is null ? null : await Runner.RunAsync(turn, stopToken);
    }

    private async Task<string> DescribeAsync(Guid jobId) =>
        await Tracker.FindAsync(jobId, CancellationToken.None) is not { } job
            ? $"Job {jobId} does not exist."
            : $"Job {jobId} is {job.Status} after {job.Attempts.Count} attempts (last failure: "
                + $"{(job.Attempts is [.., { Failure: { } failure }] ? failure.Message : "none")}) with "
                + $"{job.FramesDone} of {job.FramesTotal} frames; attempt running here: "
                + $"{Attempts.Contains(jobId)}; queue position: "
                + $"{Queue.PositionOf(jobId)?.ToString(CultureInfo.InvariantCulture) ?? "none"}.";

    public async ValueTask DisposeAsync()
    {
        await _services.DisposeAsync();
        _ownFolder?.Dispose();
    }
}
