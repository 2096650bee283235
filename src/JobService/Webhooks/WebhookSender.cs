using System.Globalization;
using System.Net.Http.Headers;
using ForegSyte.Hosting.Errors;
using ForegSyte.Jobs.Faults;
using ForegSyte.Jobs.Fetching;
using ForegSyte.Jobs.Metrics;
using ForegSyte.Protocol.Text;
using ForegSyte.V1;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Webhooks;

/// <summary>
/// Sends the messages of the outbox: it claims those that are due, some for each host, tries each and records the
/// outcome. A message whose outcome is not recorded, because the process ended, is sent again: at least once.
/// </summary>
internal sealed class WebhookSender(
    IWebhookOutbox outbox,
    IJobStore store,
    WebhookTargets targets,
    WebhookSecrets secrets,
    WebhookConnections connections,
    IOptions<WebhookOptions> options,
    CrashPoints crashPoints,
    WebhookMetrics metrics,
    Random random,
    TimeProvider time,
    ILogger<WebhookSender> logger) : BackgroundService
{
    /// <summary>Maximum number of hosts in one pass; the next one finds the others.</summary>
    private const int MaxHosts = 1_000;

    /// <summary>How long a claim lasts after the timeout of its try: enough to record the outcome.</summary>
    private static readonly TimeSpan ClaimMargin = TimeSpan.FromSeconds(30);

    /// <summary>How long running tries may take after the service began to stop.</summary>
    private static readonly TimeSpan StopGrace = TimeSpan.FromSeconds(3);

    private static readonly TimeSpan MinWait = TimeSpan.FromMilliseconds(10);

    private readonly SemaphoreSlim _signal = new(0);
    private readonly SenderPlaces _places = new(options.Value.MaxConcurrent, options.Value.MaxConcurrentOfHost);
    private readonly HashSet<Task> _running = [];
    private OutboxCounts _counts = OutboxCounts.None;
    private int _isCounting;

    /// <inheritdoc />
    public override Task StartAsync(CancellationToken cancellationToken)
    {
        store.Committed += OnCommitted;
        metrics.Initialize();
        metrics.Observe(
            () => Counts().Pending,
            () => Counts().OldestCreatedAt is { } oldest && store.Now > oldest
                ? (store.Now - oldest).TotalSeconds
                : 0);
        return base.StartAsync(cancellationToken);
    }

    /// <inheritdoc />
    public override void Dispose()
    {
        _signal.Dispose();
        base.Dispose();
    }

    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var ending = new CancellationTokenSource();
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                var wait = await PassAsync(ending.Token, stoppingToken);
                await _signal.WaitAsync(wait, stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                break;
            }
            catch (Exception failure)
            {
                logger.LogWarning("Messages to webhooks not claimed; trying again: {Reason}", failure.Message);
                await Task.Delay(options.Value.PollInterval, time, stoppingToken)
                    .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }

        store.Committed -= OnCommitted;
        ending.CancelAfter(StopGrace);
        await Task.WhenAll(_running);
    }

    /// <summary>Starts the tries that are due and have a place; returns when to look again.</summary>
    private async Task<TimeSpan> PassAsync(CancellationToken ending, CancellationToken cancellationToken)
    {
        _running.RemoveWhere(task => task.IsCompleted);
        var now = store.Now;
        var wait = options.Value.PollInterval;
        var hosts = await outbox.ListHostsAsync(now + wait, MaxHosts, cancellationToken);

        // Those that answered last time come first.
        foreach (var host in hosts.OrderBy(host => _places.IsFailing(host.Host)))
        {
            if (host.NextTryAt > now)
            {
                wait = host.NextTryAt - now < wait ? host.NextTryAt - now : wait;
            }
            else if (_places.FreeFor(host.Host) is > 0 and var free)
            {
                var claims = await outbox.ClaimAsync(
                    host.Host, free, now, options.Value.Timeout + ClaimMargin, cancellationToken);
                foreach (var claim in claims)
                {
                    _places.Take(host.Host);
                    _running.Add(Task.Run(() => TryAsync(claim, ending), CancellationToken.None));
                }
            }
        }

        return wait > MinWait ? wait : MinWait;
    }

    private async Task TryAsync(ClaimedDelivery claim, CancellationToken ending)
    {
        var delivery = claim.Delivery;
        var hasFailed = false;
        try
        {
            crashPoints.Pass(CrashPoint.WebhookClaimed);
            if (store.Now >= claim.ExpiresAt)
            {
                // This process was suspended, and another node sends the message.
                return;
            }

            var outcome = await OutcomeAsync(delivery, ending);
            crashPoints.Pass(CrashPoint.WebhookSent);
            hasFailed = outcome.State != WebhookDeliveryState.Delivered && outcome.Counts;
            var isRecorded = await outbox.RecordAsync(claim, outcome, CancellationToken.None);
            crashPoints.Pass(CrashPoint.WebhookRecorded);
            Report(delivery, outcome, isRecorded);
        }
        catch (Exception failure)
        {
            // The claim expires, and then the message is sent again.
            logger.LogRetry(
                failure, "Outcome of message {DeliveryId} about job {JobId} not recorded", delivery.DeliveryId,
                delivery.JobId);
        }
        finally
        {
            _places.Give(delivery.Host, hasFailed);
            Signal();
        }
    }

    /// <summary>Tries to send a message.</summary>
    private async Task<DeliveryOutcome> OutcomeAsync(DeliveryRecord delivery, CancellationToken ending)
    {
        using var limit = new CancellationTokenSource(options.Value.Timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, ending);
        TryResult result;
        try
        {
            result = await SendAsync(delivery, either.Token);
        }
        catch (OperationCanceledException) when (ending.IsCancellationRequested)
        {
            return new DeliveryOutcome(
                WebhookDeliveryState.Pending, store.Now, "The server stopped during a try.", Counts: false);
        }
        catch (OperationCanceledException)
        {
            result = new TryResult(string.Create(
                CultureInfo.InvariantCulture,
                $"The receiver did not answer within {DurationText.Format(options.Value.Timeout)} (option "
                + $"Webhooks:Timeout)."));
        }
        catch (HttpRequestException failure)
        {
            logger.LogDebug(failure, "Message {DeliveryId} not sent", delivery.DeliveryId);
            result = new TryResult(failure.InnerException is AddressNotAllowedException
                ? WebhookConnections.AddressRefusal
                : $"The receiver cannot be reached: {Described(failure.HttpRequestError)}.");
        }

        return WebhookRetryPolicy.After(
            delivery.Tries, result, options.Value, store.Now, random.NextDouble());
    }

    private async Task<TryResult> SendAsync(DeliveryRecord delivery, CancellationToken cancellationToken)
    {
        var (address, problem) = targets.AddressOf(delivery);
        if (address is null)
        {
            return new TryResult(problem) { IsFinal = true };
        }

        IReadOnlyList<byte[]> keys;
        try
        {
            keys = secrets.Of(delivery);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or FormatException)
        {
            logger.LogError(
                "Secrets for message {DeliveryId} about job {JobId} cannot be read: {Reason}", delivery.DeliveryId,
                delivery.JobId, failure.Message);
            return new TryResult("The server cannot read its secrets for this receiver. Tell its operator.");
        }

        if (keys.Count == 0 && !options.Value.AllowUnsigned)
        {
            return new TryResult("The server has no secret any more to sign messages to this receiver.");
        }

        using var request = RequestFor(delivery, address, keys);
        using var response = await connections.SendAsync(request, cancellationToken);
        return WebhookRetryPolicy.OfStatus(response.StatusCode, RetryAfterOf(response));
    }

    private HttpRequestMessage RequestFor(DeliveryRecord delivery, Uri address, IReadOnlyList<byte[]> keys)
    {
        var (body, mediaType) = JobCloudEvent.Format(delivery, options.Value.Source);
        var (id, now) = (delivery.DeliveryId.ToString(), time.GetUtcNow());
        var request = new HttpRequestMessage(HttpMethod.Post, address) { Content = new ReadOnlyMemoryContent(body) };
        request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(mediaType.ToString());
        request.Headers.Add(WebhookSignature.IdHeader, id);
        request.Headers.Add(
            WebhookSignature.TimestampHeader, now.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture));
        if (keys.Count > 0)
        {
            request.Headers.Add(
                WebhookSignature.SignatureHeader, WebhookSignature.Of(keys, id, now, body.Span));
        }

        return request;
    }

    private TimeSpan? RetryAfterOf(HttpResponseMessage response) => response.Headers.RetryAfter switch
    {
        { Delta: { } delta } => delta,
        { Date: { } date } => date - time.GetUtcNow(),
        _ => null,
    };

    private void Report(DeliveryRecord delivery, DeliveryOutcome outcome, bool isRecorded)
    {
        var (uri, number) = (JobWebhook.Shown(delivery.Uri), delivery.Tries + 1);
        if (!isRecorded)
        {
            logger.LogInformation(
                "Outcome of message {DeliveryId} about job {JobId} discarded: the message was deleted, or another node "
                + "sends it", delivery.DeliveryId, delivery.JobId);
            return;
        }

        switch (outcome)
        {
            case { State: WebhookDeliveryState.Delivered }:
                metrics.CountTry(WebhookMetrics.Delivered);
                logger.LogInformation(
                    "Message {DeliveryId} about job {JobId} delivered to {Uri} (try {Try})", delivery.DeliveryId,
                    delivery.JobId, uri, number);
                break;
            case { State: WebhookDeliveryState.Failed }:
                metrics.CountTry(WebhookMetrics.Failed);
                logger.LogWarning(
                    "Message {DeliveryId} about job {JobId} to {Uri} given up (try {Try}): {Reason}",
                    delivery.DeliveryId, delivery.JobId, uri, number, outcome.ErrorMessage);
                break;
            case { Counts: true }:
                metrics.CountTry(WebhookMetrics.Retried);
                logger.LogInformation(
                    "Message {DeliveryId} about job {JobId} not delivered to {Uri} (try {Try}), next try at "
                    + "{NextTryAt}: {Reason}",
                    delivery.DeliveryId, delivery.JobId, uri, number,
                    outcome.NextTryAt?.UtcDateTime.ToString("u", CultureInfo.InvariantCulture), outcome.ErrorMessage);
                break;
        }
    }

    /// <summary>A commit of this process can have added messages.</summary>
    private void OnCommitted(JobCommit commit)
    {
        if (commit.After is { } job && job.Status != commit.Before?.Status
            && (job.Webhook is not null || options.Value.Endpoints.Count > 0))
        {
            Signal();
        }
    }

    private void Signal()
    {
        if (_signal.CurrentCount == 0)
        {
            _signal.Release();
        }
    }

    /// <summary>
    /// The latest counts. A gauge is read synchronously: if counting takes longer, the next collection has the result.
    /// </summary>
    private OutboxCounts Counts()
    {
        if (Interlocked.Exchange(ref _isCounting, 1) == 0)
        {
            _ = CountAsync();
        }

        return Volatile.Read(ref _counts);
    }

    private async Task CountAsync()
    {
        try
        {
            Volatile.Write(ref _counts, await outbox.CountAsync(CancellationToken.None));
        }
        catch (Exception failure)
        {
            logger.LogWarning(failure, "Messages to webhooks not counted; the metrics keep the last counts");
        }
        finally
        {
            Volatile.Write(ref _isCounting, 0);
        }
    }

    private static string Described(HttpRequestError error) => error switch
    {
        HttpRequestError.NameResolutionError => "its name is unknown",
        HttpRequestError.SecureConnectionError => "the TLS connection failed, perhaps because of its certificate",
        HttpRequestError.ConfigurationLimitExceeded => "the head of its response is too large",
        HttpRequestError.InvalidResponse => "its response is not HTTP",
        HttpRequestError.ResponseEnded => "it closed the connection",
        _ => "the connection failed",
    };
}
