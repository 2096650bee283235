using System.Runtime.CompilerServices;
using ForegSyte.V1;

namespace ForegSyte.Client.Results;

/// <summary>
/// Reads the results of a job page by page, and waits with WaitJob where the job has no more yet: it never asks for an
/// empty page twice without a change of the job, or a pause, in between.
/// </summary>
/// <param name="readPage">One page, from (page token).</param>
/// <param name="wait">One WaitJob call for (etag).</param>
/// <param name="options">Limits and clock.</param>
internal sealed class ResultsReader(
    Func<string, CancellationToken, Task<GetJobResultsResponse>> readPage,
    Func<string, CancellationToken, Task<Job>> wait,
    ForegSyteClientOptions options)
{
    private string _etag = "";

    /// <summary>The frames in order; ends with the last page, which a job has when it is terminal.</summary>
    /// <param name="waitForFirst">Whether to wait also while no segment is finished; RESULTS_NOT_READY if not.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="ForegSyteException">The server refused.</exception>
    public async IAsyncEnumerable<FrameResult> ReadAsync(
        bool waitForFirst, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var page = await FirstAsync(waitForFirst, cancellationToken);
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

    private async Task<GetJobResultsResponse> FirstAsync(bool waitForFirst, CancellationToken cancellationToken)
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
    /// Waits until the job is another one than at the last call; at the first call there is none, and it returns at
    /// once. So a change between a page and the wait is never missed.
    /// </summary>
    private async Task<Job> WaitForChangeAsync(CancellationToken cancellationToken)
    {
        var job = await wait(_etag, cancellationToken);
        if (job.Etag == _etag)
        {
            // A server that answers at once though nothing changed must not be asked in a tight loop.
            await Task.Delay(options.RetryBaseDelay, options.TimeProvider, cancellationToken);
        }

        _etag = job.Etag;
        return job;
    }
}
