using Grpc.Core;

namespace ForegSyte.Client.Calls;

/// <summary>
/// Makes unary calls with one deadline over all attempts, retries while the server is UNAVAILABLE (AIP-194) and, if the
/// caller asks for it, while it is busy. Failures become a <see cref="ForegSyteException"/>.
/// </summary>
/// <remarks>
/// It replaces the retry policy of gRPC's service config, which silently stops at requests over 1 MB and ignores
/// RetryInfo. Only idempotent calls go through RunAsync: reads, submissions with a request_id, and changes of a job
/// that have no effect the second time.
/// </remarks>
/// <param name="options">Options of the client.</param>
/// <param name="callOptions">Options of the method call; null for none.</param>
internal sealed class CallRunner(ForegSyteClientOptions options, ForegSyteCallOptions? callOptions = null)
{
    private TimeProvider Clock => options.TimeProvider;

    /// <summary>Returns the deadline of a call that starts now.</summary>
    /// <param name="timeLimit">Time limit, unless the options of the method call have one.</param>
    /// <param name="longPoll">Time that the server may wait, in addition.</param>
    public DateTimeOffset DeadlineAfter(TimeSpan timeLimit, TimeSpan longPoll = default) =>
        Clock.GetUtcNow() + longPoll + (callOptions?.Timeout ?? timeLimit);

    /// <summary>Makes the call and retries it while the server is UNAVAILABLE.</summary>
    /// <param name="timeLimit">Time for all attempts and the delays between them.</param>
    /// <param name="call">Makes one attempt.</param>
    /// <param name="cancellationToken">Cancels the current attempt or delay.</param>
    /// <exception cref="ForegSyteException">The call failed.</exception>
    public Task<TResponse> RunAsync<TResponse>(
        TimeSpan timeLimit, Func<CallOptions, AsyncUnaryCall<TResponse>> call, CancellationToken cancellationToken) =>
        RunAsync(DeadlineAfter(timeLimit), call, static _ => false, cancellationToken);

    /// <inheritdoc cref="RunAsync{T}(TimeSpan, Func{CallOptions, AsyncUnaryCall{T}}, CancellationToken)"/>
    /// <param name="deadline">Deadline of all attempts and the delays between them.</param>
    /// <param name="call">Makes one attempt.</param>
    /// <param name="isBusy">
    /// Whether a failure means that a healthy server is busy. The call is retried after these without a limit on
    /// attempts, until the time limit.
    /// </param>
    /// <param name="cancellationToken">Cancels the current attempt or delay.</param>
    public async Task<TResponse> RunAsync<TResponse>(
        DateTimeOffset deadline,
        Func<CallOptions, AsyncUnaryCall<TResponse>> call,
        Predicate<ForegSyteException> isBusy,
        CancellationToken cancellationToken)
    {
        // Each counts consecutive failures: one kind resets the other.
        var (unavailable, busy) = (0, 0);
        while (true)
        {
            try
            {
                return await OnceAsync(deadline, call, cancellationToken);
            }
            catch (ForegSyteException failure) when (failure.Code == StatusCode.Unavailable || isBusy(failure))
            {
                (unavailable, busy) = failure.Code == StatusCode.Unavailable ? (unavailable + 1, 0) : (0, busy + 1);
                var delay = DelayAfter(Math.Max(unavailable, busy), failure.RetryAfter);
                if (unavailable >= options.MaxAttempts || Clock.GetUtcNow() + delay >= deadline)
                {
                    throw;
                }

                await Task.Delay(delay, Clock, cancellationToken);
            }
        }
    }

    /// <summary>Makes the call once.</summary>
    /// <exception cref="ForegSyteException">The call failed.</exception>
    public async Task<TResponse> OnceAsync<TResponse>(
        DateTimeOffset deadline, Func<CallOptions, AsyncUnaryCall<TResponse>> call, CancellationToken cancellationToken)
    {
        try
        {
            var limits = new CallOptions(callOptions?.Headers, deadline.UtcDateTime, cancellationToken);
            using var made = call(limits);
            return await made.ResponseAsync;
        }
        catch (RpcException failure)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw ErrorTranslation.Translate(failure, options.AddressesText);
        }
    }

    /// <summary>Returns the delay after a number of consecutive failures.</summary>
    public TimeSpan DelayAfter(int failures, TimeSpan? retryAfter)
    {
        lock (options.Random)
        {
            return RetryDelay.After(
                failures, options.RetryBaseDelay, options.RetryMaxDelay, options.Random.NextDouble(), retryAfter);
        }
    }
}

/// <summary>Exponential back-off with full jitter.</summary>
internal static class RetryDelay
{
    /// <summary>
    /// Returns a delay between zero and base * 2^(failures - 1), limited by the maximum
    /// (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/), but never less than RetryInfo.
    /// </summary>
    /// <param name="failures">Consecutive failed attempts, from 1.</param>
    /// <param name="baseDelay">Longest delay after the first failure.</param>
    /// <param name="maxDelay">Longest delay after many failures.</param>
    /// <param name="jitter">Random factor from 0 to 1.</param>
    /// <param name="retryAfter">Delay in the server's RetryInfo; null if it sent none.</param>
    public static TimeSpan After(
        int failures, TimeSpan baseDelay, TimeSpan maxDelay, double jitter, TimeSpan? retryAfter)
    {
        var ceiling = Math.Min(maxDelay.Ticks, baseDelay.Ticks * Math.Pow(2, Math.Min(failures - 1, 30)));
        var own = TimeSpan.FromTicks((long)(ceiling * jitter));
        return retryAfter is { } asked && asked > own ? asked : own;
    }
}
