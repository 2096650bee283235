using ForegSyte.Hosting.Configuration;
using ForegSyte.Jobs.Faults;
using ForegSyte.Jobs.Fetching;
using ForegSyte.Jobs.Grpc;
using ForegSyte.Jobs.Inference;
using ForegSyte.Jobs.Queue;
using ForegSyte.Jobs.Retention;
using ForegSyte.Jobs.Storage;
using ForegSyte.Jobs.Submission;
using ForegSyte.Jobs.Uploads;
using ForegSyte.Testing;
using ForegSyte.V1;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace ForegSyte.Jobs.Tests.Queue;

/// <summary>The parts that run jobs, over a real database and real files, with a scripted InferenceService.</summary>
internal sealed class JobEngine : IAsyncDisposable
{
    private readonly TemporaryFolder? _ownFolder;
    private readonly ServiceProvider _services;

    /// <summary>Builds the engine over a folder of its own, or over that of an engine before it.</summary>
    public JobEngine(
        ScriptedInference inference, TimeProvider time, TemporaryFolder? folder = null,
        params (string Key, string Value)[] settings)
        : this(inference, time, folder, storage => storage, settings)
    {
    }

    /// <summary>Builds the engine over a storage that a test puts around the real one.</summary>
    public JobEngine(
        IInferenceClient inference, TimeProvider time, TemporaryFolder? folder, Func<IStorage, IStorage> around,
        (string Key, string Value)[] settings)
    {
        _ownFolder = folder is null ? new TemporaryFolder() : null;
        Folder = folder ?? _ownFolder!;
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
        services.AddJobs();
        services.AddDispatcher();
        services.AddSingleton<LocalStorage>();
        services.AddSingleton(provider => around(provider.GetRequiredService<LocalStorage>()));
        services.AddSingleton<ResultPages>();
        services.AddSingleton(inference);
        services.AddFetching();
        services.AddUploads();
        services.AddSubmission();
        services.AddRetention();
        _services = services.BuildServiceProvider();

        // As at a start of the service, these follow the commits from the first one on.
        _ = (Board, Pending, Attempts);
    }

    public TemporaryFolder Folder { get; }

    public JobTracker Board => _services.GetRequiredService<JobTracker>();

    public IJobStore Store => _services.GetRequiredService<IJobStore>();

    public IStorage Storage => _services.GetRequiredService<IStorage>();

    public SegmentStore Segments => _services.GetRequiredService<SegmentStore>();

    public ResultPages Pages => _services.GetRequiredService<ResultPages>();

    public JobRunner Runner => _services.GetRequiredService<JobRunner>();

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
        int frameStride = 1, int maxFrames = 0, int priority = JobPriority.Default, DateTimeOffset? submittedAt = null)
    {
        var jobId = Guid.NewGuid();
        var now = submittedAt ?? new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
        await Board.AddAsync(
            new JobRecord
            {
                JobId = jobId,
                Status = JobStatus.Pending,
                PipelineId = "yolo_ocr",
                FrameStride = frameStride,
                MaxFrames = maxFrames,
                Priority = priority,
                InputPath = ArtifactKeys.Video(jobId),
                CreatedAt = now,
                UpdatedAt = now,
                QueuedAt = now,
            },
            TestContext.Current.CancellationToken);
        return jobId;
    }

    /// <summary>Stores something in the place of a job's video.</summary>
    public async Task PutVideoAsync(Guid jobId)
    {
        await using var video = Storage.Stage(ArtifactKeys.Video(jobId));
        await video.CommitAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>The stored job.</summary>
    public async Task<JobRecord> ReadAsync(Guid jobId) =>
        (await Store.FindAsync(jobId, TestContext.Current.CancellationToken))!;

    public async ValueTask DisposeAsync()
    {
        await _services.DisposeAsync();
        _ownFolder?.Dispose();
    }
}
