using ForegSyte.Jobs.Tenants;

namespace ForegSyte.Jobs.Submission;

/// <summary>
/// Tells the quotas what tenants use on other nodes: before the service accepts calls, and every second from then on.
/// Does nothing if no other node shares the store.
/// </summary>
internal sealed class UsageRefresh(
    IJobStore store, PendingJobQuota quota, TenantSpace space, TimeProvider time, ILogger<UsageRefresh> logger)
    : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <inheritdoc />
    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        if (store.IsShared)
        {
            await RefreshAsync(cancellationToken);
            await base.StartAsync(cancellationToken);
        }
    }

    /// <summary>Reads the usage once.</summary>
    public async Task RefreshAsync(CancellationToken cancellationToken)
    {
        var usage = (await store.UsageElsewhereAsync(cancellationToken)).ToDictionary(tenant => tenant.Tenant);
        quota.SetElsewhere(usage);
        space.SetElsewhere(usage);
    }

    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        var isStale = false;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await timer.WaitForNextTickAsync(stoppingToken);
                await RefreshAsync(stoppingToken);
                if (isStale)
                {
                    isStale = false;
                    logger.LogInformation("Usage of other nodes is read again");
                }
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception) when (isStale)
            {
                // Logged at its first failure.
            }
            catch (Exception failure)
            {
                isStale = true;
                logger.LogWarning(failure, "Usage of other nodes not read; quotas follow the last one; retrying");
            }
        }
    }
}
