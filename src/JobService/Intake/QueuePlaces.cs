using System.Globalization;
using ForegSyte.Hosting.Errors;
using ForegSyte.Jobs.Queue;
using ForegSyte.V1;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Intake;

/// <summary>
/// The places of pending jobs. One is taken before anything is stored, so that however many calls come at once, no more
/// jobs are accepted than may wait.
/// </summary>
internal sealed class QueuePlaces(PendingJobs pending, IOptions<SubmitOptions> options)
{
    /// <summary>
    /// Takes a place for a job. Dispose the result when the job is committed, which keeps the place, or was not.
    /// </summary>
    /// <exception cref="ServiceException">QUEUE_FULL.</exception>
    public IDisposable Take(Guid jobId)
    {
        var limit = options.Value.MaxPendingJobs;
        return pending.TryReserve(jobId, limit)
            ? new Place(pending, jobId)
            : throw new ServiceException(
                ErrorReason.QueueFull,
                $"{limit} jobs wait already, as many as this server takes (option Submit:MaxPendingJobs). Come back "
                + "later.")
            {
                Metadata = new Dictionary<string, string>
                {
                    ["option"] = "Submit:MaxPendingJobs",
                    ["limit"] = limit.ToString(CultureInfo.InvariantCulture),
                },
                RetryAfter = options.Value.QueueFullDelay,
            };
    }

    private sealed class Place(PendingJobs pending, Guid jobId) : IDisposable
    {
        public void Dispose() => pending.GiveBack(jobId);
    }
}
