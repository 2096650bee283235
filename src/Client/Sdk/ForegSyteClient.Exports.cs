using ForegSyte.Client.Exporting;
using ForegSyte.Exports;
using ForegSyte.V1;

namespace ForegSyte.Client;

/// <content>Exports the results of jobs to other formats.</content>
public partial class ForegSyteClient
{
    /// <summary>
    /// Writes the results of a completed job to a file in another format. Until it is complete, the file is called
    /// PATH.partial, which is deleted if the export fails. Memory use does not grow with the results.
    /// </summary>
    /// <param name="jobId">Id of the job, a UUID.</param>
    /// <param name="options">Format and content.</param>
    /// <param name="path">Path of the file; an existing file is replaced.</param>
    /// <param name="callOptions">Options of each call; null means those of the client.</param>
    /// <param name="cancellationToken">Cancels the export.</param>
    /// <exception cref="ArgumentException">The options contradict each other.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    /// <exception cref="ForegSyteException">
    /// JOB_NOT_FOUND, RESULTS_NOT_READY (the job is not completed), RESULTS_DAMAGED, or the server could not be
    /// reached.
    /// </exception>
    public virtual async Task ExportAsync(
        string jobId,
        ExportOptions options,
        string path,
        ForegSyteCallOptions? callOptions = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(path);
        var source = await OpenExportAsync(jobId, options, callOptions, cancellationToken);
        var partialPath = path + ".partial";

        // Outside the try: if another export is writing the file, opening it fails and that export keeps it.
        var opened = new FileStream(
            partialPath, FileMode.Create, FileAccess.Write, FileShare.None, 0, useAsync: true);
        try
        {
            await using (var file = opened)
            {
                await ExportWriter.WriteAsync(source, options, file, cancellationToken);
                file.Flush(flushToDisk: true);
            }

            File.Move(partialPath, path, overwrite: true);
        }
        catch
        {
            File.Delete(partialPath);
            throw;
        }
    }

    /// <summary>
    /// Writes the results of a completed job to a stream in another format, and does not close it. If the call fails,
    /// the stream has an incomplete file.
    /// </summary>
    /// <param name="jobId">Id of the job, a UUID.</param>
    /// <param name="options">Format and content.</param>
    /// <param name="destination">A stream that can be written.</param>
    /// <param name="callOptions">Options of each call; null means those of the client.</param>
    /// <param name="cancellationToken">Cancels the export.</param>
    /// <exception cref="IOException">The stream cannot be written.</exception>
    /// <inheritdoc cref="ExportAsync(string, ExportOptions, string, ForegSyteCallOptions, CancellationToken)"
    /// path="/exception[@cref='ArgumentException']|/exception[@cref='ForegSyteException']"/>
    public virtual async Task ExportAsync(
        string jobId,
        ExportOptions options,
        Stream destination,
        ForegSyteCallOptions? callOptions = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(destination);
        var source = await OpenExportAsync(jobId, options, callOptions, cancellationToken);
        await ExportWriter.WriteAsync(source, options, destination, cancellationToken);
    }

    /// <summary>Checks the options and the job, before anything is written.</summary>
    private async Task<JobResults> OpenExportAsync(
        string jobId, ExportOptions options, ForegSyteCallOptions? callOptions, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(jobId);
        ArgumentNullException.ThrowIfNull(options);
        if (ExportFormats.Check(options) is { } problem)
        {
            throw new ArgumentException(problem.Message, nameof(options));
        }

        var job = await GetJobAsync(jobId, callOptions: callOptions, cancellationToken: cancellationToken);
        if (job.Status != JobStatus.Completed)
        {
            throw new ForegSyteException(
                ErrorReason.ResultsNotReady,
                $"Job {jobId} is not completed, so its results are not complete. "
                + (job.Status.IsTerminal()
                    ? "GetResultsAsync reads what it found."
                    : "Wait with WaitForCompletionAsync."));
        }

        var calls = CallsWith(callOptions);
        return new JobResults(
            job,
            token => GetResultsAsync(jobId, callOptions: callOptions, cancellationToken: token),
            token => ReadPagesAsync(
                (page, cancellation) => calls.RunAsync(
                    _options.ReadDeadline, call => _service.ListObjectTracksAsync(ObjectsOf(page), call), cancellation),
                page => page.ObjectTracks,
                page => page.NextPageToken,
                token),
            token => ReadPagesAsync(
                (page, cancellation) => calls.RunAsync(
                    _options.ReadDeadline, call => _service.ListTextTracksAsync(TextsOf(page), call), cancellation),
                page => page.TextTracks,
                page => page.NextPageToken,
                token));

        ListObjectTracksRequest ObjectsOf(string page) =>
            new() { JobId = jobId, PageSize = JobResults.TracksPerPage, PageToken = page };

        ListTextTracksRequest TextsOf(string page) =>
            new() { JobId = jobId, PageSize = JobResults.TracksPerPage, PageToken = page };
    }
}
