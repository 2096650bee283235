using System.Runtime.CompilerServices;
using ForegSyte.V1;

namespace ForegSyte.Client;

/// <summary>
/// Reads the results of a job page by page. Between two requests for the same empty page it waits for a change of the
/// job with WaitJob.
/// </summary>
/// <param name="readPage">Reads the page with a page token.</param>
/// <param name="wait">Makes one WaitJob call with an etag.</param>
/// <param name="options">Options of the client.</param>
internal sealed class ResultsReader(
    Func<string, CancellationToken, Task<GetJobResultsResponse>> readPage,
    Func<string, CancellationToken, Task<Job>> wait,
    ForegSyteClientOptions options)
{
    private string _etag = "";

    /// <summary>Yields the frames in order, until the last page of a job that has ended.</summary>
    /// <param name="waitForFirst">
    /// Whether to wait for the first segment if a server of an earlier version answers RESULTS_NOT_READY before it is
    /// finished; otherwise the reader throws it. Today's server answers an empty page, and the reader always waits.
    /// </param>
    /// <param name="cancellationToken">Cancels the reading.</param>
    /// <exception cref="ForegSyteException">The server returned an error.</exception>
    public async IAsyncEnumerable<FrameResult> ReadAsync(
        bool waitForFirst, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var page = await ReadFirstPageAsync(waitForFirst, cancellationToken);
        while (true)
        {
            foreach (var frame in page.Results)
            {
                yield return frame;
            }

            if (page.NextPageToken.Length == 0)
            {
                yield break;
            }

            if (page.Results.Count == 0)
            {
                await WaitForChangeAsync(cancellationToken);
            }

            page = await readPage(page.NextPageToken, cancellationToken);
        }
    }

    private async Task<GetJobResultsResponse> ReadFirstPageAsync(
        bool waitForFirst, CancellationToken cancellationToken)
    {
        var isTerminal = false;
        while (true)
        {
            try
            {
                return await readPage("", cancellationToken);
            }
            catch (ForegSyteException failure)
                when (failure.Reason == ErrorReason.ResultsNotReady && waitForFirst && !isTerminal)
            {
                isTerminal = (await WaitForChangeAsync(cancellationToken)).Status.IsTerminal();
            }
        }
    }

    /// <summary>
    /// Waits until the etag of the job differs from that of the last call. The first call has no etag and returns at
    /// once, so a change between a page and the wait is never missed.
    /// </summary>
    private async Task<Job> WaitForChangeAsync(CancellationToken cancellationToken)
    {
        var job = await wait(_etag, cancellationToken);
        if (job.Etag == _etag)
        {
            // Prevents a tight loop if the server returns at once without a change.
            await Task.Delay(options.RetryBaseDelay, options.TimeProvider, cancellationToken);
        }

        _etag = job.Etag;
        return job;
    }
}
