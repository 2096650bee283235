using System.Globalization;
using ForegSyte.Faults.Tests;
using ForegSyte.Testing.Faults;
using ForegSyte.Testing.Servers;
using ForegSyte.V1;

// All tests share one InferenceService and run one after the other.
[assembly: AssemblyFixture(typeof(BaselineRun))]
[assembly: AssemblyFixture(typeof(SharedServers))]
[assembly: Xunit.v3.Parallelization(Mode = Xunit.Sdk.ParallelMode.None)]

namespace ForegSyte.Faults.Tests;

/// <summary>The shared InferenceService, and the result of each request in a run without faults.</summary>
public sealed class BaselineRun : IAsyncLifetime
{
    private readonly Dictionary<JobRequest, (byte[] Results, JobSummary Summary)> _outcomes = [];

    /// <summary>The InferenceService.</summary>
    internal InferenceProcess Inference { get; } = new();

    /// <inheritdoc />
    public async ValueTask InitializeAsync()
    {
        await Inference.StartAsync();
        await using var jobs = new RestartableJobService([Inference.Address]);
        await jobs.StartAsync();
        foreach (var request in JobRequest.All)
        {
            var job = (await jobs.Client.SubmitVideoAsync(
                request.ToCall(Guid.NewGuid()))).Job;
            job = await jobs.WaitForEndAsync(job.JobId, CancellationToken.None);
            if (job.Status != JobStatus.Completed)
            {
                throw new InvalidOperationException($"A job without faults ended as {job}.");
            }

            var results = await jobs.ReadResultsAsync(job, CancellationToken.None);
            _outcomes.Add(request, (results, job.Summary));
        }
    }

    /// <summary>Documents and summary of a request.</summary>
    internal (byte[] Results, JobSummary Summary) Of(JobRequest request) => _outcomes[request];

    /// <inheritdoc />
    public ValueTask DisposeAsync() => Inference.DisposeAsync();
}

/// <summary>Size of the suite; `make faults` asks for more than `make test`.</summary>
internal static class FaultSettings
{
    /// <summary>FOREGSYTE_FAULT_KILLS: kills in the storm over each store. Default: 8.</summary>
    public static int Kills { get; } = Number("FOREGSYTE_FAULT_KILLS", 8);

    /// <summary>FOREGSYTE_FAULT_SEED: the same seed gives the same faults. Default: 1.</summary>
    public static int Seed { get; } = Number("FOREGSYTE_FAULT_SEED", 1);

    private static int Number(string name, int defaultValue) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } text
            ? int.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture)
            : defaultValue;
}
