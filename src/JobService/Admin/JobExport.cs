using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using ForegSyte.Jobs.Storage;
using ForegSyte.V1;
using Google.Protobuf;

namespace ForegSyte.Jobs.Admin;

/// <summary>
/// Copies all jobs with their videos, results and finished segments into a folder, from which <see cref="JobImport"/>
/// fills an installation on any database and storage. A page of jobs is in memory at a time.
/// </summary>
internal sealed class JobExport(AdminTools tools, ExportFolder folder, AdminProgress progress)
{
    private const int JobsAtATime = 200;

    /// <summary>Number of jobs whose files are copied at a time.</summary>
    private const int Copies = 4;

    /// <summary>Exports everything; the service must be stopped.</summary>
    /// <returns>0 for success; 1 if something is missing or damaged, which is reported.</returns>
    public static async Task<int> RunAsync(
        AdminTools tools, string path, TextWriter output, CancellationToken cancellationToken)
    {
        tools.RequireDatabase();
        await using var stopped = await tools.RequireStoppedAsync(cancellationToken);
        var folder = ExportFolder.Create(path);
        var progress = new AdminProgress("exported", tools.Time, output);
        var hash = await new JobExport(tools, folder, progress).WriteJobsAsync(cancellationToken);
        var undelivered = (await tools.Outbox.CountAsync(cancellationToken)).Pending;
        if (undelivered > 0)
        {
            progress.Report(string.Create(
                CultureInfo.InvariantCulture,
                $"{undelivered} messages to webhooks are not delivered and do not move; start the service until "
                + $"foregsyte_jobs_webhooks_pending is 0, and export again"));
        }

        await folder.CompleteAsync(
            new ExportManifest(ExportFolder.Format, Guid.NewGuid(), tools.Time.GetUtcNow(), progress.Jobs, hash),
            cancellationToken);
        progress.Complete($"written to {path}");
        return progress.Problems == 0 ? 0 : 1;
    }

    private async Task<string> WriteJobsAsync(CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        await using var file = new FileStream(folder.JobsPath, FileMode.CreateNew);
        IReadOnlyList<JobRecord> page;
        JobPosition? position = null;
        do
        {
            page = await tools.Store.ListAsync(new JobQuery(null, position, JobsAtATime), cancellationToken);
            var lines = new byte[page.Count][];
            await Parallel.ForEachAsync(
                Enumerable.Range(0, page.Count),
                new ParallelOptions { MaxDegreeOfParallelism = Copies, CancellationToken = cancellationToken },
                async (i, token) =>
                {
                    lines[i] = Encoding.UTF8.GetBytes(ExportFolder.Line(await ExportAsync(page[i], token)) + "\n");
                    progress.AddJob();
                });
            foreach (var line in lines)
            {
                hash.AppendData(line);
                await file.WriteAsync(line, cancellationToken);
            }

            position = page.Count == 0 ? null : new JobPosition(page[^1].CreatedAt, page[^1].JobId);
        }
        while (page.Count == JobsAtATime);

        DiskSync.SyncFile(file);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private async Task<ExportedJob> ExportAsync(JobRecord job, CancellationToken cancellationToken)
    {
        // A request id that was forgotten, or that another job has by now, is not the job's any more.
        var ownsRequest = job.RequestId is { } requestId
            && (await tools.Store.FindByRequestIdAsync(requestId, cancellationToken))?.JobId == job.JobId;
        var exported = ExportedJob.Of(
            ownsRequest ? job : job with { RequestId = null },
            await tools.Store.ListFailedSegmentsAsync(job.JobId, cancellationToken)) with
        {
            Video = await ExportVideoAsync(job, cancellationToken),
        };
        return job.Status == JobStatus.Completed
            ? await WithResultsAsync(exported, job, cancellationToken)
            : await WithSegmentsAsync(exported, job, cancellationToken);
    }

    private async Task<ExportedFile?> ExportVideoAsync(JobRecord job, CancellationToken cancellationToken)
    {
        if (job.VideoSha256 is { } sha256 && new ExportedFile(sha256, job.VideoBytes) is var known && folder.Has(known))
        {
            return known;
        }

        var video = await ExportAsync(job.InputPath, cancellationToken);
        if (video is null)
        {
            progress.Report($"job {job.JobId}: its video is missing");
        }
        else if (job.VideoSha256 is not null && job.VideoSha256 != video.Sha256)
        {
            progress.Report($"job {job.JobId}: its video is damaged, the SHA-256 differs; exported as it is");
        }

        return video;
    }

    private async Task<ExportedJob> WithResultsAsync(
        ExportedJob exported, JobRecord job, CancellationToken cancellationToken)
    {
        var results = await ExportAsync(job.OutputPath!, cancellationToken);
        if (results is null)
        {
            progress.Report($"job {job.JobId}: its results are missing");
            return exported;
        }

        return exported with
        {
            Results = results,
            ResultsIndex = await ExportAsync(ArtifactKeys.ResultsIndex(job.OutputPath!), cancellationToken),
            Tracks = await ExportTracksAsync(job, cancellationToken),
            TracksIndex = await ExportAsync(ArtifactKeys.TracksIndex(job.OutputPath!), cancellationToken),
        };
    }

    private async Task<ExportedFile?> ExportTracksAsync(JobRecord job, CancellationToken cancellationToken)
    {
        if (!job.HasTracks)
        {
            return null;
        }

        var tracks = await ExportAsync(ArtifactKeys.Tracks(job.OutputPath!), cancellationToken);
        if (tracks is null)
        {
            progress.Report($"job {job.JobId}: its tracks are missing");
        }

        return tracks;
    }

    private async Task<ExportedJob> WithSegmentsAsync(
        ExportedJob exported, JobRecord job, CancellationToken cancellationToken)
    {
        if (await tools.Segments.ReadPlanAsync(job.JobId, cancellationToken) is not { } plan)
        {
            return exported;
        }

        var segments = new List<ExportedSegment>();
        foreach (var segment in plan.Where(segment => !segment.IsGap))
        {
            var stored = await tools.Segments.ReadStoredAsync(
                job.JobId, segment, job.FrameStride, cancellationToken);
            if (stored is not null)
            {
                using var response = new MemoryStream(stored.Response.ToByteArray());
                segments.Add(new ExportedSegment(
                    segment.StartFrame, segment.EndFrame, stored.Attempt,
                    await folder.AddAsync(response, cancellationToken)));
            }
        }

        return exported with { Plan = StoredPlan.ToNumbers(plan), Segments = segments };
    }

    /// <summary>Copies an artifact; null if it does not exist.</summary>
    private async Task<ExportedFile?> ExportAsync(string key, CancellationToken cancellationToken)
    {
        try
        {
            await using var artifact = await tools.Storage.OpenReadAsync(key, cancellationToken);
            var file = await folder.AddAsync(artifact, cancellationToken);
            progress.AddBytes(file.Bytes);
            return file;
        }
        catch (FileNotFoundException)
        {
            return null;
        }
    }
}

/// <summary>Prints how far a command is, every few seconds, and its problems. Thread-safe.</summary>
/// <param name="verb">What is done with jobs, for example "exported".</param>
/// <param name="time">The clock.</param>
/// <param name="output">Where to print.</param>
internal sealed class AdminProgress(string verb, TimeProvider time, TextWriter output)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    private readonly Lock _lock = new();
    private long _printedAt = time.GetTimestamp();
    private long _bytes;

    /// <summary>Number of jobs that are done.</summary>
    public long Jobs { get; private set; }

    /// <summary>Number of reported problems.</summary>
    public int Problems { get; private set; }

    /// <summary>Counts a job.</summary>
    public void AddJob() => Add(1, 0);

    /// <summary>Counts copied bytes.</summary>
    public void AddBytes(long bytes) => Add(0, bytes);

    /// <summary>Prints a problem.</summary>
    public void Report(string problem)
    {
        lock (_lock)
        {
            Problems++;
            output.WriteLine($"problem: {problem}");
        }
    }

    /// <summary>Prints the sums and a last line.</summary>
    public void Complete(string text)
    {
        lock (_lock)
        {
            Print();
            output.WriteLine(text);
        }
    }

    private void Add(int jobs, long bytes)
    {
        lock (_lock)
        {
            Jobs += jobs;
            _bytes += bytes;
            if (time.GetElapsedTime(_printedAt) >= Interval)
            {
                _printedAt = time.GetTimestamp();
                Print();
            }
        }
    }

    private void Print() => output.WriteLine(string.Create(
        CultureInfo.InvariantCulture, $"{verb}: {Jobs} jobs, {_bytes} bytes copied"));
}
