using System.Runtime.CompilerServices;
using ForegSyte.Exports;
using ForegSyte.Hosting.Errors;
using ForegSyte.Hosting.Http;
using ForegSyte.Jobs.Storage;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Grpc;

/// <summary>Gives the results of completed jobs to HTTP as files of other formats (ADR 47).</summary>
internal sealed class JobExports(IStorage storage, IJobTracks tracks)
{
    /// <summary>Gives the export that the query of a request asks for.</summary>
    /// <exception cref="ServiceException">
    /// MISSING_FIELD, INVALID_FIELD, RESULTS_NOT_READY or RESULTS_DAMAGED.
    /// </exception>
    public async Task<GetJobResultsResponse> GiveAsync(
        JobRecord job, GetJobResultsRequest request, FileDownload download, CancellationToken cancellationToken)
    {
        RefusePages(request);
        var options = OptionsOf(download);
        var source = await OpenAsync(job, "exports", cancellationToken);
        var format = ExportFormats.Of(options.Format);
        download.Give(new GeneratedFile(
            source,
            (destination, token) => ExportWriter.WriteAsync(source, options, destination, token),
            format.MediaType,
            NameOf(job, options, format)));
        return new GetJobResultsResponse();
    }

    /// <summary>Opens the results of a completed job; the caller disposes them.</summary>
    /// <param name="job">The job.</param>
    /// <param name="what">What only completed jobs have, for the error.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="ServiceException">RESULTS_NOT_READY or RESULTS_DAMAGED.</exception>
    public async Task<StoredResults> OpenAsync(JobRecord job, string what, CancellationToken cancellationToken)
    {
        if (job.Status != JobStatus.Completed || job.OutputPath is null || job.Video is null)
        {
            throw NotReady(job, what);
        }

        try
        {
            return new StoredResults(
                job, job.Video, await ResultsDocumentReader.OpenAsync(storage, job.OutputPath, cancellationToken),
                tracks);
        }
        catch (FileNotFoundException missing)
        {
            throw ResultPages.Missing(missing);
        }
    }

    private static ExportOptions OptionsOf(FileDownload download)
    {
        var format = download.ValueOf("format");
        if (format.Length == 0)
        {
            throw ServiceException.MissingField("format", $"Give one of {string.Join(", ", ExportFormats.Names)}.");
        }

        return ExportFormats.Parse(format, download.ValueOf("table"), download.ValuesOf("label"), out var problem)
            ?? throw ServiceException.InvalidField(problem!.Field, problem.Message);
    }

    /// <summary>An export has all frames.</summary>
    private static void RefusePages(GetJobResultsRequest request)
    {
        var field = request.PageBytes != 0 ? "page_bytes"
            : request.PageToken.Length > 0 ? "page_token"
            : request.StartFrame != 0 ? "start_frame"
            : request.EveryFrame ? "every_frame"
            : null;
        if (field is not null)
        {
            throw ServiceException.InvalidField(
                field, $"{field} cannot be in this request: an export has all analyzed frames. Use "
                + "GET /v1/jobs/{job_id}/results for pages.");
        }
    }

    /// <summary>For example "gate.detections.csv"; the table is in the name if the format has several.</summary>
    private static string NameOf(JobRecord job, ExportOptions options, FormatInfo format)
    {
        var stem = Path.GetFileNameWithoutExtension(VideoDownloads.FileNameOf(job));
        var table = format.Tables.Count > 1 ? $".{ExportFormats.NameOf(ExportFormats.TableOf(options))}" : "";
        return $"{stem}{table}{format.Extension}";
    }

    private static ServiceException NotReady(JobRecord job, string what)
    {
        var whatToDo = job.IsTerminal
            ? $"Only completed jobs have {what}; GetJobResults returns what the job found."
            : "Wait with WaitJob until it is completed.";
        return new ServiceException(
            ErrorReason.ResultsNotReady, $"Job {job.JobId} is {JobStatusNames.Of(job.Status)}. {whatToDo}")
        {
            Metadata = new Dictionary<string, string>
            {
                ["jobId"] = job.JobId.ToString(),
                ["status"] = JobStatusNames.Of(job.Status),
            },
        };
    }
}

/// <summary>Reads the tracks of completed jobs.</summary>
internal interface IJobTracks
{
    /// <summary>Reads all objects by track_id; none if the pipeline does not track objects.</summary>
    /// <exception cref="ServiceException">RESULTS_DAMAGED.</exception>
    IAsyncEnumerable<ObjectTrack> ReadObjectTracksAsync(JobRecord job, CancellationToken cancellationToken);

    /// <summary>Reads all texts by track_id; none if the pipeline does not track texts.</summary>
    /// <exception cref="ServiceException">RESULTS_DAMAGED.</exception>
    IAsyncEnumerable<TextTrack> ReadTextTracksAsync(JobRecord job, CancellationToken cancellationToken);
}

/// <summary>The results of a completed job in the storage.</summary>
internal sealed class StoredResults(
    JobRecord job, VideoInfo video, ResultsDocumentReader document, IJobTracks tracks)
    : IExportSource, IAsyncDisposable
{
    /// <inheritdoc />
    public ExportedJob Job { get; } = new(
        job.JobId.ToString(), job.DisplayName, video, job.FrameStride, job.Choices.FramesPerSecond);

    /// <inheritdoc />
    public async IAsyncEnumerable<FrameResult> ReadFramesAsync(
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        for (int? start = 0; start is { } first;)
        {
            var page = await document.ReadPageAsync(first, ResultPages.DefaultPageBytes, cancellationToken);
            foreach (var frame in page.Frames)
            {
                yield return frame;
            }

            start = page.NextFrame;
        }
    }

    /// <inheritdoc />
    public IAsyncEnumerable<ObjectTrack> ReadObjectTracksAsync(CancellationToken cancellationToken) =>
        tracks.ReadObjectTracksAsync(job, cancellationToken);

    /// <inheritdoc />
    public IAsyncEnumerable<TextTrack> ReadTextTracksAsync(CancellationToken cancellationToken) =>
        tracks.ReadTextTracksAsync(job, cancellationToken);

    /// <inheritdoc />
    public ValueTask DisposeAsync() => document.DisposeAsync();
}
