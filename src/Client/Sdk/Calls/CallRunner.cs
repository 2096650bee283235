using ForegSyte.Client.Errors;
using Grpc.Core;

namespace ForegSyte.Client.Calls;

/// <summary>
/// Makes a call with one deadline over all its attempts, repeats it while the server is UNAVAILABLE (AIP-194) and,
/// where asked to, while it is busy, and turns what is left into a <see cref="ForegSyteException"/>.
/// </summary>
/// <remarks>
/// This stands in place of a retry policy in the channel's service config: grpc-dotnet silently drops the retries of
/// a call over 1 MB, which is every video, and it does not read RetryInfo. One way for all calls is easier to reason
/// about. Only calls that are safe to repeat come here: reads, submissions with a request_id, and those that bring a
/// job to a status and leave one that has it alone.
/// </remarks>
internal sealed class CallRunner(ForegSyteClientOptions options)
{
    private readonly Lock _randomLock = new();

    private TimeProvider Clock => options.TimeProvider;

    /// <summary>Makes the call until it succeeds, may not be repeated, or its time or attempts are used up.</summary>
    /// <param name="timeLimit">Time for all attempts and the pauses between them.</param>
    /// <param name="call">One attempt.</param>
    /// <param name="cancellationToken">Ends the attempt under way.</param>
    /// <exception cref="ForegSyteException">The call did not succeed.</exception>
    public Task<TResponse> RunAsync<TResponse>(
        TimeSpan timeLimit, Func<CallOptions, AsyncUnaryCall<TResponse>> call, CancellationToken cancellationToken) =>
        RunAsync(timeLimit, call, static _ => false, cancellationToken);

    /// <inheritdoc cref="RunAsync{T}(TimeSpan, Func{CallOptions, AsyncUnaryCall{T}}, CancellationToken)"/>
    /// <param name="timeLimit">Time for all attempts and the pauses between them.</param>
    /// <param name="call">One attempt.</param>
    /// <param name="isBusy">
    /// Which failures say that the server is well and the call's time has not come: it is paused and repeated, and only
    /// the time bounds these attempts.
    /// </param>
    /// <param name="cancellationToken">Ends the attempt or the pause under way.</param>
    public async Task<TResponse> RunAsync<TResponse>(
        TimeSpan timeLimit,
        Func<CallOptions, AsyncUnaryCall<TResponse>> call,
        Predicate<ForegSyteException> isBusy,
        CancellationToken cancellationToken)
    {
        var deadline = Clock.GetUtcNow() + timeLimit;
        // Both in a row: an answer of either kind begins the other anew.
        var (away, busy) = (0, 0);
        while (true)
        {
            try
            {
                return await OnceAsync(deadline, call, cancellationToken);
            }
            catch (ForegSyteException failure) when (failure.Code == StatusCode.Unavailable || isBusy(failure))
            {
                (away, busy) = failure.Code == StatusCode.Unavailable ? (away + 1, 0) : (0, busy + 1);
                var delay = DelayAfter(Math.Max(away, busy), failure.RetryAfter);
                if (away >= options.MaxAttempts || Clock.GetUtcNow() + delay >= deadline)
                {
                    throw;
                }

                await Task.Delay(delay, Clock, cancellationToken);
            }
        }
    }

    /// <summary>Makes the call once.</summary>
    /// <exception cref="ForegSyteException">The call did not succeed.</exception>
    public async Task<TResponse> OnceAsync<TResponse>(
        DateTimeOffset deadline, Func<CallOptions, AsyncUnaryCall<TResponse>> call, CancellationToken cancellationToken)
    {
        try
        {
            var limits = new CallOptions(deadline: deadline.UtcDateTime, cancellationToken: cancellationToken);
            using var made = call(limits);
            return await made.ResponseAsync;
        }
        catch (RpcException failure)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw ErrorTranslation.Translate(failure, options.AddressesText);
        }
    }

    /// <summary>The pause after so many failures in a row.</summary>
    public TimeSpan DelayAfter(int failures, TimeSpan? serverAsksFor)
    {
        lock (_randomLock)
        {
            return RetryDelay.After(
                failures, options.RetryBaseDelay, options.RetryMaxDelay, options.Random.NextDouble(), serverAsksFor);
        }
    }
}
