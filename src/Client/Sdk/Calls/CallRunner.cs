using ForegSyte.Client.Errors;
using Grpc.Core;

namespace ForegSyte.Client.Calls;

/// <summary>
/// Makes a call with one deadline over all its attempts, repeats it while the server is UNAVAILABLE (AIP-194), and
/// turns what is left into a <see cref="ForegSyteException"/>.
/// </summary>
/// <remarks>
/// This stands in place of a retry policy in the channel's service config: grpc-dotnet silently drops the retries of
/// a call over 1 MB, which is every video, and it does not read RetryInfo. One way for all calls is easier to reason
/// about. Only calls that are safe to repeat come here: reads, and submissions with a request_id.
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
    public async Task<TResponse> RunAsync<TResponse>(
        TimeSpan timeLimit, Func<CallOptions, AsyncUnaryCall<TResponse>> call, CancellationToken cancellationToken)
    {
        var deadline = Clock.GetUtcNow() + timeLimit;
        for (var failures = 1; ; failures++)
        {
            try
            {
                return await OnceAsync(deadline, call, cancellationToken);
            }
            catch (ForegSyteException failure)
                when (failure.Code == StatusCode.Unavailable && failures < options.MaxAttempts)
            {
                var delay = DelayAfter(failures, failure.RetryAfter);
                if (Clock.GetUtcNow() + delay >= deadline)
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
            throw ErrorTranslation.Translate(failure, options.Address);
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
