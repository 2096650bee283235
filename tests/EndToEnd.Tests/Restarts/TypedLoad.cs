using ForegSyte.Client;
using ForegSyte.Testing;

namespace ForegSyte.EndToEnd.Tests.Restarts;

/// <summary>A caller with the typed client, on its defaults: submits, waits, reads, lists, one job after the other.
/// </summary>
internal static class TypedLoad
{
    public static async Task RunAsync(
        Installation services, SubmitOptions options, LoadTally tally, Func<bool> goesOn)
    {
        using var counter = new RequestCounter();
        await using var client = services.Client(channel =>
        {
            counter.InnerHandler = channel.HttpHandler!;
            channel.HttpHandler = counter;
        });
        var calls = 0;
        while (goesOn())
        {
            try
            {
                var job = await OneAsync(client.SubmitFileAsync(RepositoryFiles.Pedestrians, options));
                tally.JobIds.Enqueue(job.JobId);
                var isEnded = false;
                while (!isEnded)
                {
                    job = await OneAsync(client.WaitJobAsync(job.JobId, job.Etag, TimeSpan.FromSeconds(5)));
                    isEnded = job.Status.IsTerminal();
                    job = await OneAsync(client.GetJobAsync(job.JobId));
                }

                await OneAsync(client.GetResultsPageAsync(job.JobId));
                await OneAsync(client.ListPipelinesAsync());
            }
            catch (ForegSyteException failure)
            {
                tally.Failures.Enqueue($"typed client: {failure.Code}: {failure.Message}");
            }
        }

        tally.CountRetries(counter.Requests - calls);

        Task<T> OneAsync<T>(Task<T> call)
        {
            calls++;
            tally.Count();
            return call;
        }
    }
}
