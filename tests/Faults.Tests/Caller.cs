using System.Diagnostics.CodeAnalysis;
using Grpc.Core;

namespace ForegSyte.Faults.Tests;

/// <summary>A caller of the storm: submits, and now and then cancels, retries or deletes what it submitted.</summary>
[SuppressMessage("Security", "CA5394", Justification = "A seeded sequence that can be repeated is the point.")]
internal sealed class Caller(FaultyJobService service, Ledger ledger, Random random)
{
    private const int MostSubmissions = 4;
    private readonly Actor _actor = new(service, ledger);

    /// <summary>Acts until it has done enough, its service is gone, or it is told to end.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        for (var i = 0; i < MostSubmissions && !cancellationToken.IsCancellationRequested; i++)
        {
            var request = Request.All[random.Next(Request.All.Count)];
            if (await _actor.SubmitAsync(request, cancellationToken) is not { } entry)
            {
                return;
            }

            await FollowAsync(entry, random.Next(10), cancellationToken);
        }
    }

    private async Task FollowAsync(Ledger.Entry entry, int what, CancellationToken cancellationToken)
    {
        switch (what)
        {
            case 0:
                await _actor.CancelAsync(entry, cancellationToken);
                break;
            case 1:
                await _actor.CancelAsync(entry, cancellationToken);
                await _actor.RetryAsync(entry, cancellationToken);
                break;
            case 2 when await EndedAsync(entry, cancellationToken):
                await _actor.DeleteAsync(entry, cancellationToken);
                break;
        }
    }

    private async Task<bool> EndedAsync(Ledger.Entry entry, CancellationToken cancellationToken)
    {
        try
        {
            await service.WaitForEndAsync(entry.JobId, cancellationToken);
            return true;
        }
        catch (Exception exception) when (exception is RpcException or OperationCanceledException)
        {
            return false;
        }
    }
}
