using ForegSyte.V1;

namespace ForegSyte.Faults.Tests;

/// <summary>
/// One InferenceService for all tests, and what each request comes to when nothing disturbs it.
/// </summary>
public sealed class Undisturbed : IAsyncLifetime
{
    private readonly Dictionary<Request, (byte[] Results, JobSummary Summary)> _outcomes = [];
    private readonly InferenceProcess _inference = new();

    /// <summary>The InferenceService.</summary>
    internal InferenceProcess Inference => _inference;

    /// <inheritdoc />
    public async ValueTask InitializeAsync()
    {
        await _inference.StartAsync();
        await using var jobs = new FaultyJobService([_inference.Address]);
        await jobs.StartAsync();
        foreach (var request in Request.All)
        {
            var job = (await jobs.Client.SubmitVideoAsync(
                request.Call(FaultyJobService.VideoUri, Guid.NewGuid()))).Job;
            job = await jobs.WaitForEndAsync(job.JobId, CancellationToken.None);
            if (job.Status != JobStatus.Completed)
            {
                throw new InvalidOperationException($"An undisturbed job ended as {job}.");
            }

            var results = await File.ReadAllBytesAsync(Path.Combine(jobs.Storage, job.OutputPath));
            _outcomes.Add(request, (results, job.Summary));
        }
    }

    /// <summary>The results document and the summary of a request.</summary>
    internal (byte[] Results, JobSummary Summary) Of(Request request) => _outcomes[request];

    /// <inheritdoc />
    public ValueTask DisposeAsync() => _inference.DisposeAsync();
}
