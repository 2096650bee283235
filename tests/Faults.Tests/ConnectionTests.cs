using ForegSyte.V1;

namespace ForegSyte.Faults.Tests;

/// <summary>Connections between the services that break.</summary>
public sealed class ConnectionTests(Undisturbed undisturbed)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Connection_CutMidSegment_IsMadeAgainAndTheJobCompletes()
    {
        await using var wire = new CuttableWire(undisturbed.Inference.Address);
        await using var service = new FaultyJobService([wire.Address]);
        await service.StartAsync();
        var ledger = new Ledger();
        var entry = (await new Actor(service, ledger).SubmitAsync(Request.All[0], Token))!;
        var call = new WaitJobRequest { JobId = entry.JobId };
        var cuts = 0;
        while (true)
        {
            var job = (await service.Client.WaitJobAsync(call, cancellationToken: Token)).Job;
            if (job.Status == JobStatus.Completed)
            {
                break;
            }

            if (job.Status == JobStatus.Running && cuts < 3)
            {
                wire.Cut();
                cuts++;
            }

            call.Etag = job.Etag;
        }

        Assert.Equal(3, cuts);
        await Verdict.ReachAsync(service, ledger, undisturbed, Token);
    }
}
