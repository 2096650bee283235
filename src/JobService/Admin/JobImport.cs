using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using ForegSyte.Inference.V1;
using ForegSyte.Jobs.Storage;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Admin;

/// <summary>
/// Stores the jobs of an export. A job is stored after its files; jobs that are there already are skipped, so an
/// interrupted import can run again.
/// </summary>
/// <remarks>
/// A job with segments is running under a lease of the import until they are stored, because only the holder of a lease
/// can store segments. The lease's token follows from export and job, so that a later run knows its own.
/// </remarks>
internal sealed class JobImport(
    AdminTools tools, ExportFolder folder, ExportManifest manifest, AdminProgress progress)
{
    /// <summary>Number of jobs that are imported at a time.</summary>
    private const int Copies = 4;

    private static readonly TimeSpan Lease = TimeSpan.FromHours(1);
    private static readonly string[] OfInstallation = ["input_path", "output_path"];

    private int _skipped;

    /// <summary>Imports everything; the service must be stopped.</summary>
    public static async Task<int> RunAsync(
        AdminTools tools, string path, TextWriter output, CancellationToken cancellationToken)
    {
        var (folder, manifest) = await ExportFolder.OpenAsync(path, cancellationToken);
        await using var stopped = await tools.RequireStoppedAsync(cancellationToken);
        var progress = new AdminProgress("imported", tools.Time, output);
        var import = new JobImport(tools, folder, manifest, progress);
        await Parallel.ForEachAsync(
            folder.ReadJobsAsync(cancellationToken),
            new ParallelOptions { MaxDegreeOfParallelism = Copies, CancellationToken = cancellationToken },
            import.ImportAsync);
        progress.Complete(string.Create(
            CultureInfo.InvariantCulture,
            $"complete: all {manifest.Jobs} jobs of the export are stored; {import._skipped} were before"));
        return 0;
    }

    private async ValueTask ImportAsync(ExportedJob exported, CancellationToken cancellationToken)
    {
        var job = exported.ToRecord();
        var token = TokenOf(job.JobId);
        var found = await tools.Store.FindAsync(job.JobId, cancellationToken);
        if (found is not null && found.Lease?.Token != token)
        {
            RequireSame(found, job);
            Interlocked.Increment(ref _skipped);
        }
        else
        {
            await StoreAsync(exported, job, found, token, cancellationToken);
        }

        progress.AddJob();
    }

    private async Task StoreAsync(
        ExportedJob exported, JobRecord job, JobRecord? started, Guid token, CancellationToken cancellationToken)
    {
        var complete = job with
        {
            InputPath = started?.InputPath ?? await StoreVideoAsync(exported, job, cancellationToken),
            OutputPath = exported.Results is null
                ? job.OutputPath
                : ArtifactKeys.Results(job.JobId, tools.Storage.IsShared ? token : null),
        };
        await StoreResultsAsync(exported, complete, cancellationToken);
        var hasSegments = exported.Plan is not null || exported.FailedSegments.Count > 0;
        var lease = new Lease(token, tools.Store.Now + Lease);
        if (started is null)
        {
            await InsertAsync(
                hasSegments ? complete with { Status = JobStatus.Running, Lease = lease } : complete,
                cancellationToken);
        }
        else
        {
            await tools.Store.UpdateAsync(
                job.JobId, (stored, now) => stored with { Lease = lease with { ExpiresAt = now + Lease } },
                cancellationToken);
        }

        if (hasSegments || started is not null)
        {
            await StoreSegmentsAsync(exported, job.JobId, token, cancellationToken);
            await tools.Store.UpdateAsync(job.JobId, (_, _) => complete, cancellationToken);
        }
    }

    private async Task InsertAsync(JobRecord job, CancellationToken cancellationToken)
    {
        var (owner, created) = await tools.Store.InsertAsync(job, cancellationToken);
        if (!created)
        {
            throw new AdminException(
                $"Job {job.JobId} cannot be imported: job {owner.JobId} has its request_id. Import into an empty "
                + "installation.");
        }
    }

    private async Task<string> StoreVideoAsync(
        ExportedJob exported, JobRecord job, CancellationToken cancellationToken)
    {
        var key = ArtifactKeys.Video(job.JobId);
        if (exported.Video is not { } video)
        {
            return key;
        }

        await using var artifact = await tools.Storage.StageAsync(key, cancellationToken);
        await folder.CopyToAsync(video, artifact.Stream, cancellationToken);
        progress.AddBytes(video.Bytes);
        return await artifact.CommitSharedAsync(
            ArtifactKeys.SharedVideo(job.Tenant, video.Sha256), cancellationToken);
    }

    private async Task StoreResultsAsync(ExportedJob exported, JobRecord job, CancellationToken cancellationToken)
    {
        if (exported.Results is not { } results)
        {
            return;
        }

        (ExportedFile? File, string Key)[] files =
        [
            (exported.TracksIndex, ArtifactKeys.TracksIndex(job.OutputPath!)),
            (exported.Tracks, ArtifactKeys.Tracks(job.OutputPath!)),
            (exported.ResultsIndex, ArtifactKeys.ResultsIndex(job.OutputPath!)),
            (results, job.OutputPath!),
        ];
        foreach (var (file, key) in files)
        {
            if (file is not null)
            {
                await StoreAsync(file, key, cancellationToken);
            }
        }

        if (job.Status == JobStatus.Completed)
        {
            await JobManifest.WriteAsync(tools.Storage, job, cancellationToken);
        }
    }

    private async Task StoreAsync(ExportedFile file, string key, CancellationToken cancellationToken)
    {
        await using var artifact = await tools.Storage.StageAsync(key, cancellationToken);
        await folder.CopyToAsync(file, artifact.Stream, cancellationToken);
        await artifact.CommitAsync(cancellationToken);
        progress.AddBytes(file.Bytes);
    }

    private async Task StoreSegmentsAsync(
        ExportedJob exported, Guid jobId, Guid token, CancellationToken cancellationToken)
    {
        // Those that an interrupted run stored are the first.
        var stored = await tools.Store.ListFailedSegmentsAsync(jobId, cancellationToken);
        foreach (var run in exported.ToFailedSegments().Skip(stored.Count))
        {
            await tools.Store.AddFailedSegmentAsync(jobId, run, cancellationToken);
        }

        if (exported.Plan is not { } numbers)
        {
            return;
        }

        var plan = StoredPlan.OfNumbers(numbers);
        await tools.Segments.StorePlanAsync(jobId, token, plan, cancellationToken);
        foreach (var segment in exported.Segments)
        {
            using var content = new MemoryStream();
            await folder.CopyToAsync(segment.Response, content, cancellationToken);
            var planned = plan.FirstOrDefault(known =>
                (known.StartFrame, known.EndFrame) == (segment.StartFrame, segment.EndFrame))
                ?? throw new AdminException($"The export has a segment of job {jobId} that is not in its plan.");
            await tools.Segments.StoreAsync(
                jobId, token, planned, segment.Attempt, RunPipelineResponse.Parser.ParseFrom(content.ToArray()),
                cancellationToken);
        }
    }

    /// <summary>Refuses a job that is there with other values; where its files lie can differ.</summary>
    private static void RequireSame(JobRecord found, JobRecord exported)
    {
        var (left, right) = (ExportedJob.Of(WithRequestOf(found, exported), []), ExportedJob.Of(exported, []));
        foreach (var column in OfInstallation)
        {
            left.Job.Remove(column);
            right.Job.Remove(column);
        }

        if (!JsonNode.DeepEquals(left.Job, right.Job)
            || left.Attempts.Count != right.Attempts.Count
            || !left.Attempts.Zip(right.Attempts, JsonNode.DeepEquals).All(isSame => isSame))
        {
            throw new AdminException(
                $"Job {exported.JobId} is in the database with other values. Nothing of it was changed. Import into an "
                + "empty installation, or delete this job first.");
        }
    }

    /// <summary>The export does not have a request id that was forgotten.</summary>
    private static JobRecord WithRequestOf(JobRecord found, JobRecord exported) =>
        exported.RequestId is null ? found with { RequestId = null } : found;

    private Guid TokenOf(Guid jobId) => new(
        SHA256.HashData([.. manifest.ExportId.ToByteArray(), .. jobId.ToByteArray()]).AsSpan(0, 16));
}
