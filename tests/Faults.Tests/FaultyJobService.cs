using System.Globalization;
using ForegSyte.Jobs.Faults;
using ForegSyte.Testing;
using ForegSyte.V1;
using Grpc.Core;
using Grpc.Net.Client;

namespace ForegSyte.Faults.Tests;

/// <summary>
/// A JobService that is ended and started again over the same data folder. Its log lines are kept over all its lives.
/// </summary>
internal sealed class FaultyJobService : IAsyncDisposable
{
    /// <summary>Exit code of a process that SIGKILL ended: 128 and the signal's number.</summary>
    public const int Killed = 137;

    private readonly TemporaryFolder? _folder;
    private readonly Dictionary<string, string> _settings;
    private readonly List<string> _earlierOutput = [];
    private ServiceProcess? _process;
    private GrpcChannel? _channel;

    /// <summary>Prepares the folder; nothing is started.</summary>
    /// <param name="inference">Addresses of the InferenceServices.</param>
    /// <param name="dataFolder">The data folder; null for a temporary one.</param>
    /// <param name="settings">Settings beside the usual ones.</param>
    public FaultyJobService(
        IReadOnlyList<Uri> inference, string? dataFolder = null, IReadOnlyDictionary<string, string>? settings = null)
    {
        _folder = dataFolder is null ? new TemporaryFolder() : null;
        Data = dataFolder ?? _folder!.File("data");
        Directory.CreateDirectory(Data);
        _settings = new Dictionary<string, string>
        {
            ["DataDirectory"] = Data,
            ["Listen:Port"] = "0",
            ["Pipelines:Directory"] = Path.Combine(RepositoryFiles.Data, "pipelines"),
            ["Submit:AllowedRoots:0"] = Path.GetDirectoryName(RepositoryFiles.Pedestrians)!,
            ["Dispatch:SegmentFrames"] = Request.SegmentFrames.ToString(CultureInfo.InvariantCulture),
            ["Inference:HealthInterval"] = "00:00:00.050",
            ["Retry:MaxLostAttempts"] = "1000",
            ["Retry:FirstDelay"] = "00:00:00.050",
            ["Retry:MaxDelay"] = "00:00:00.500",
        };
        for (var i = 0; i < inference.Count; i++)
        {
            _settings[$"Inference:Addresses:{i}"] = inference[i].ToString();
        }

        foreach (var (key, value) in settings ?? new Dictionary<string, string>())
        {
            _settings[key] = value;
        }
    }

    /// <summary>The data folder.</summary>
    public string Data { get; }

    /// <summary>Where videos and results are stored.</summary>
    public string Storage => Path.Combine(Data, "video_jobs");

    /// <summary>The running process.</summary>
    public ServiceProcess Process =>
        _process ?? throw new InvalidOperationException("The JobService does not run.");

    /// <summary>The stub for the running process.</summary>
    public JobService.JobServiceClient Client { get; private set; } = null!;

    /// <summary>The stub of the uploads for the running process.</summary>
    public UploadService.UploadServiceClient Uploads { get; private set; } = null!;

    /// <summary>What all lives printed.</summary>
    public string Output => string.Join('\n', [.. _earlierOutput, _process?.Output ?? ""]);

    /// <summary>The uri of the video that all requests analyze.</summary>
    public static string VideoUri { get; } = new Uri(RepositoryFiles.Pedestrians).AbsoluteUri;

    /// <summary>Starts it; it serves when this returns.</summary>
    /// <param name="crashAt">Where it is to end itself; null for nowhere.</param>
    /// <param name="passing">At which passing of that point.</param>
    /// <param name="command">A program that starts it, with its arguments, such as strace; empty for none.</param>
    public async Task StartAsync(CrashPoint? crashAt = null, int passing = 1, params string[] command)
    {
        await ForgetAsync();
        var settings = new Dictionary<string, string>(_settings);
        if (crashAt is { } point)
        {
            settings["Faults:CrashAt"] = point.ToString();
            settings["Faults:CrashAtPassing"] = passing.ToString(CultureInfo.InvariantCulture);
        }

        (_process, var address) = await ServiceProcess.StartAsync("JobService", settings, command);
        _channel = GrpcChannel.ForAddress(address);
        Client = new JobService.JobServiceClient(_channel);
        Uploads = new UploadService.UploadServiceClient(_channel);
    }

    /// <summary>Starts it; it may reach its crash point in what it does before it serves.</summary>
    /// <param name="crashAt">Where it is to end itself; null for nowhere.</param>
    /// <param name="passing">At which passing of that point.</param>
    /// <returns>Whether it serves; otherwise it ended at the point.</returns>
    public async Task<bool> TryStartAsync(CrashPoint? crashAt, int passing)
    {
        try
        {
            await StartAsync(crashAt, passing);
            return true;
        }
        catch (ServiceStartException exception) when (crashAt is not null && exception.ExitCode == Killed)
        {
            _earlierOutput.Add(exception.Output);
            return false;
        }
    }

    /// <summary>Ends it at once (SIGKILL) if it still runs.</summary>
    public async Task KillAsync()
    {
        if (!Process.Exit.IsCompleted)
        {
            await Process.KillAsync();
        }
    }

    /// <summary>Ends it at once with the program that started it.</summary>
    public Task KillTreeAsync() => Process.KillTreeAsync();

    /// <summary>The job when it is terminal.</summary>
    /// <exception cref="TimeoutException">
    /// It is not within the time, in which every test's job ends many times over.
    /// </exception>
    public async Task<Job> WaitForEndAsync(string jobId, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(TimeSpan.FromMinutes(2));
        var request = new WaitJobRequest { JobId = jobId };
        while (true)
        {
            Job job;
            try
            {
                job = (await Client.WaitJobAsync(request, cancellationToken: limit.Token)).Job;
            }
            catch (RpcException exception) when (exception.StatusCode == StatusCode.Cancelled)
            {
                cancellationToken.ThrowIfCancellationRequested();
                throw new TimeoutException($"Job {jobId} did not end. The service printed:\n{Output}", exception);
            }

            if (job.Status is JobStatus.Completed or JobStatus.Failed or JobStatus.Cancelled)
            {
                return job;
            }

            request.Etag = job.Etag;
        }
    }

    /// <summary>All jobs.</summary>
    public async Task<List<Job>> ListAsync(CancellationToken cancellationToken)
    {
        var jobs = new List<Job>();
        var request = new ListJobsRequest { PageSize = 1000 };
        do
        {
            var page = await Client.ListJobsAsync(request, cancellationToken: cancellationToken);
            jobs.AddRange(page.Jobs);
            request.PageToken = page.NextPageToken;
        }
        while (request.PageToken.Length > 0);

        return jobs;
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await ForgetAsync();
        _folder?.Dispose();
    }

    private async Task ForgetAsync()
    {
        _channel?.Dispose();
        _channel = null;
        if (_process is not null)
        {
            await _process.DisposeAsync();
            _earlierOutput.Add(_process.Output);
            _process = null;
        }
    }
}
