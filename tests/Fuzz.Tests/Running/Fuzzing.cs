using System.Globalization;

namespace ForegSyte.Fuzz.Tests.Running;

/// <summary>Gives inputs to a target, one after the other, until they or the time are used up.</summary>
internal static class Fuzzing
{
    /// <summary>Inputs of a target in `make test`.</summary>
    public const int QuickInputs = 2_000;

    /// <summary>Targets that share the time of `make fuzz`.</summary>
    private const int Targets = 12;

    /// <summary>How long one input may take, on a machine with other work too, before it counts as a hang.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    /// <summary>
    /// Runs a target. What it throws fails the test with the number of the input, by which it can be repeated.
    /// </summary>
    /// <param name="target">Name of the target.</param>
    /// <param name="tally">Counts the outcomes.</param>
    /// <param name="run">Makes an input from the random numbers, gives it to the target, and names the outcome.</param>
    /// <param name="quickInputs">Inputs in `make test`.</param>
    public static async Task RunAsync(
        string target, Tally tally, Func<Random, Task<string>> run, int quickInputs = QuickInputs)
    {
        var started = TimeProvider.System.GetTimestamp();
        for (var number = FuzzSettings.First; GoesOn(number); number++)
        {
            try
            {
                tally.Count(target, await run(RandomOf(target, number)).WaitAsync(Patience));
            }
            catch (Exception failure)
            {
                throw new FuzzException(target, number, failure);
            }
        }

        bool GoesOn(int number) => FuzzSettings.Seconds is { } seconds
            ? TimeProvider.System.GetElapsedTime(started) < TimeSpan.FromSeconds((double)seconds / Targets)
            : number < FuzzSettings.First + quickInputs;
    }

    /// <inheritdoc cref="RunAsync" />
    public static Task RunAsync(
        string target, Tally tally, Func<Random, string> run, int quickInputs = QuickInputs) =>
        RunAsync(target, tally, random => Task.Run(() => run(random)), quickInputs);

    /// <summary>Each input has numbers of its own, so that it can be made without those before it.</summary>
    private static Random RandomOf(string target, int number)
    {
        var text = string.Create(CultureInfo.InvariantCulture, $"{target}/{FuzzSettings.Seed}/{number}");
        return new Random((int)System.IO.Hashing.XxHash32.HashToUInt32(System.Text.Encoding.UTF8.GetBytes(text)));
    }
}
