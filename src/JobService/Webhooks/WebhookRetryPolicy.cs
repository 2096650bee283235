using System.Globalization;
using System.Net;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Webhooks;

/// <summary>Decides what follows a try to send a message. Pure; the caller supplies the random number.</summary>
internal static class WebhookRetryPolicy
{
    /// <summary>
    /// Returns the outcome of a try. As the Standard Webhooks specification says, a 2xx status is a success, 410 ends
    /// the delivery, and everything else is tried again, redirects included.
    /// </summary>
    /// <param name="earlierTries">Number of tries before this one.</param>
    /// <param name="result">What the try gave.</param>
    /// <param name="options">Limits.</param>
    /// <param name="now">The time.</param>
    /// <param name="jitter">Random number, 0 to 1.</param>
    public static DeliveryOutcome After(
        int earlierTries, TryResult result, WebhookOptions options, DateTimeOffset now, double jitter)
    {
        if (result.Problem.Length == 0)
        {
            return new DeliveryOutcome(WebhookDeliveryState.Delivered);
        }

        var tries = earlierTries + 1;
        if (result.IsFinal)
        {
            return new DeliveryOutcome(WebhookDeliveryState.Failed, ErrorMessage: result.Problem);
        }

        if (tries >= options.MaxTries)
        {
            return new DeliveryOutcome(
                WebhookDeliveryState.Failed,
                ErrorMessage: string.Create(
                    CultureInfo.InvariantCulture,
                    $"{result.Problem} This was try {tries}, the last one (option Webhooks:MaxTries)."));
        }

        var delay = DelayAfter(tries, options, jitter);
        if (result.RetryAfter is { } asked && asked > delay)
        {
            delay = asked < options.MaxDelay ? asked : options.MaxDelay;
        }

        return new DeliveryOutcome(WebhookDeliveryState.Pending, now + delay, result.Problem);
    }

    /// <summary>The result for an HTTP status.</summary>
    /// <param name="status">The status.</param>
    /// <param name="retryAfter">The delay that the receiver asks for; null for none. Counts with 429 and 503.</param>
    public static TryResult OfStatus(HttpStatusCode status, TimeSpan? retryAfter)
    {
        var code = ((int)status).ToString(CultureInfo.InvariantCulture);
        return status switch
        {
            >= HttpStatusCode.OK and < HttpStatusCode.MultipleChoices => TryResult.Delivered,
            HttpStatusCode.Gone => new TryResult($"The receiver wants no more messages (HTTP {code}).")
            {
                IsFinal = true,
            },
            >= HttpStatusCode.MultipleChoices and < HttpStatusCode.BadRequest => new TryResult(
                $"The receiver redirects (HTTP {code}), which messages do not follow. Use its final address."),
            _ => new TryResult($"The receiver answered HTTP {code}.")
            {
                RetryAfter = status is HttpStatusCode.TooManyRequests or HttpStatusCode.ServiceUnavailable
                    ? retryAfter
                    : null,
            },
        };
    }

    /// <summary>
    /// Exponential back-off with "equal jitter": half of the step is fixed, half random (M. Brooker, Exponential
    /// Backoff And Jitter, AWS Architecture Blog, 2015).
    /// </summary>
    private static TimeSpan DelayAfter(int tries, WebhookOptions options, double jitter)
    {
        var step = Math.Min(
            options.MaxDelay.TotalMilliseconds,
            options.FirstDelay.TotalMilliseconds * Math.Pow(2, Math.Min(tries - 1, 40)));
        return TimeSpan.FromMilliseconds((step / 2) + (step / 2 * jitter));
    }
}

/// <summary>What a try gave.</summary>
/// <param name="Problem">Why it failed, for the tenant of the job; empty if it did not.</param>
internal sealed record TryResult(string Problem)
{
    /// <summary>The receiver accepted the message.</summary>
    public static readonly TryResult Delivered = new("");

    /// <summary>Whether another try would be useless.</summary>
    public bool IsFinal { get; init; }

    /// <summary>The delay that the receiver asks for; null for none.</summary>
    public TimeSpan? RetryAfter { get; init; }
}
