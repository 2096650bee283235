using System.Globalization;
using ForegSyte.Hosting.Errors;
using ForegSyte.V1;

namespace ForegSyte.Hosting.ConcurrencyLimits;

/// <summary>A number of calls that may be there at the same time; one more is turned away and does not wait.</summary>
/// <param name="option">Name of the option that sets the number.</param>
/// <param name="places">The number.</param>
/// <param name="retryDelay">When one that was turned away is told to come back.</param>
internal sealed class ConcurrencyLimiter(string option, int places, TimeSpan retryDelay)
{
    private int _taken;

    /// <summary>Calls that are there now.</summary>
    public int Taken => Volatile.Read(ref _taken);

    /// <summary>Takes a place; <see cref="Leave"/> gives it back.</summary>
    /// <exception cref="ServiceException">TOO_MANY_CALLS.</exception>
    public void Enter()
    {
        if (Interlocked.Increment(ref _taken) > places)
        {
            Leave();
            throw TooManyCalls(
                option, places.ToString(CultureInfo.InvariantCulture), "The service has as many such calls as it takes",
                retryDelay);
        }
    }

    /// <summary>Gives a place back.</summary>
    public void Leave() => Interlocked.Decrement(ref _taken);

    /// <summary>What a caller is told who is one too many.</summary>
    /// <param name="option">The option whose limit was reached.</param>
    /// <param name="limit">The limit in force.</param>
    /// <param name="what">What is so, a sentence without its end.</param>
    /// <param name="retryDelay">When to come back.</param>
    public static ServiceException TooManyCalls(string option, string limit, string what, TimeSpan retryDelay) =>
        new(ErrorReason.TooManyCalls, $"{what} (option {option}, {limit}). Come back after the retry delay.")
        {
            Metadata = new Dictionary<string, string> { ["option"] = option, ["limit"] = limit },
            RetryAfter = retryDelay,
        };
}
