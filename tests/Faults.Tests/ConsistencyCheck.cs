using ForegSyte.Testing;
using ForegSyte.Testing.Faults;
using ForegSyte.V1;

namespace ForegSyte.Faults.Tests;

/// <summary>
/// Checks a service after its faults: its jobs (<see cref="JobVerdict"/>), and that no other file exists.
/// </summary>
internal static class ConsistencyCheck
{
    /// <summary>Waits for the jobs, checks them, and stops the service, which must run without faults.</summary>
    public static async Task<JobCounts> RunAsync(
        RestartableJobService service, ExpectedJobs expected, BaselineRun baseline, CancellationToken cancellationToken)
    {
        var counts = await JobVerdict.RunAsync(service, expected, baseline.Of, cancellationToken);
        if (service.IsShared)
        {
            await AgeAsync(service);
        }

        await CheckStorageAsync(service, cancellationToken);
        Assert.Equal(0, await service.Process.StopAsync());
        Assert.Empty(Directory.GetFiles(service.Data, "*.wal"));
        return counts;
    }

    /// <summary>
    /// Lets the sweep of a shared store delete what it keeps as long as another JobService may be about to use it.
    /// </summary>
    private static async Task AgeAsync(RestartableJobService service)
    {
        Assert.Equal(0, await service.Process.StopAsync());
        foreach (var path in Directory.GetFiles(service.Storage))
        {
            File.SetLastWriteTimeUtc(path, TimeProvider.System.GetUtcNow().UtcDateTime.AddDays(-1));
        }

        await service.StartAsync();
    }

    /// <summary>The storage contains exactly the files of the jobs, as soon as the background sweep has run.</summary>
    private static async Task CheckStorageAsync(RestartableJobService service, CancellationToken cancellationToken)
    {
        var jobs = await service.ListAsync(cancellationToken);
        var expected = jobs.SelectMany(ArtifactsOf).Order().ToList();

        // A cancelled job keeps its finished segments for RetryJob.
        var kept = jobs.Where(job => job.Status == JobStatus.Cancelled).Select(job => job.JobId + "_").ToList();
        try
        {
            await Wait.UntilEqualAsync(expected, Found);
        }
        catch (Xunit.Sdk.EqualException difference)
        {
            Assert.Fail($"{difference.Message}\nThe service since its last start:\n{service.Process.Output}");
        }

        List<string> Found() =>
            [.. Directory.GetFiles(service.Storage).Select(path => Path.GetFileName(path)!)
                .Where(name => name != ".generation")
                .Where(name => !kept.Any(prefix => name.StartsWith(prefix, StringComparison.Ordinal)))
                .Order()];
    }

    private static IEnumerable<string> ArtifactsOf(Job job) => job.Status == JobStatus.Completed
        ? [job.JobId + ".mp4", job.JobId + "_results.json", job.JobId + "_tracks.json", job.JobId + "_job.json"]
        : [job.JobId + ".mp4"];
}
