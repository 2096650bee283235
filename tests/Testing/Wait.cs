using Xunit;

namespace ForegSyte.Testing;

/// <summary>Waits for a state that raises no event, with a time limit that fails the test.</summary>
public static class Wait
{
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(20);

    /// <summary>The time limit: far above what the slowest machine needs.</summary>
    public static TimeSpan Timeout { get; } = TimeSpan.FromMinutes(2);

    /// <summary>Returns when the condition holds.</summary>
    /// <param name="condition">The condition.</param>
    /// <param name="what">The condition in words, for example "the decoder runs".</param>
    public static Task UntilAsync(Func<bool> condition, string what)
    {
        ArgumentNullException.ThrowIfNull(condition);
        return UntilNoneAsync(() => condition() ? null : "it does not hold", what);
    }

    /// <summary>Returns a value as soon as it meets a condition; otherwise fails with the last value.</summary>
    /// <param name="readAsync">Reads the value.</param>
    /// <param name="condition">The condition.</param>
    /// <param name="what">The condition in words.</param>
    public static async Task<T> ForAsync<T>(Func<Task<T>> readAsync, Func<T, bool> condition, string what)
    {
        ArgumentNullException.ThrowIfNull(readAsync);
        ArgumentNullException.ThrowIfNull(condition);
        var start = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var value = await readAsync();
            if (condition(value))
            {
                return value;
            }

            Assert.True(
                TimeProvider.System.GetElapsedTime(start) < Timeout,
                $"Timed out after {Timeout}: {what}; the last value is: {value}");
            await Task.Delay(PollInterval, TestContext.Current.CancellationToken);
        }
    }

    /// <summary>Returns when a value equals the expected one; otherwise fails with the difference.</summary>
    public static async Task UntilEqualAsync<T>(T expected, Func<T> read)
    {
        ArgumentNullException.ThrowIfNull(read);
        var start = TimeProvider.System.GetTimestamp();
        while (true)
        {
            try
            {
                Assert.Equal(expected, read());
                return;
            }
            catch (Xunit.Sdk.EqualException) when (TimeProvider.System.GetElapsedTime(start) < Timeout)
            {
                await Task.Delay(PollInterval, TestContext.Current.CancellationToken);
            }
        }
    }

    /// <summary>Returns when a check finds no problem; otherwise fails with the last problem.</summary>
    /// <param name="findProblem">The check; null means no problem.</param>
    /// <param name="what">The expected state in words.</param>
    public static async Task UntilNoneAsync(Func<string?> findProblem, string what)
    {
        ArgumentNullException.ThrowIfNull(findProblem);
        var start = TimeProvider.System.GetTimestamp();
        while (findProblem() is { } problem)
        {
            Assert.True(
                TimeProvider.System.GetElapsedTime(start) < Timeout, $"Timed out after {Timeout}: {what}: {problem}");
            await Task.Delay(PollInterval, TestContext.Current.CancellationToken);
        }
    }
}
