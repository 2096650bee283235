using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using ForegSyte.Fuzz.Tests.Running;

// One table for all targets; one target at a time, so that each gets its share of the time.
[assembly: AssemblyFixture(typeof(OutcomeCounts))]
[assembly: Xunit.v3.Parallelization(Mode = Xunit.Sdk.ParallelMode.None)]

namespace ForegSyte.Fuzz.Tests.Running;

/// <summary>Feeds inputs to a target until their number or the time is used up.</summary>
internal static class Fuzzing
{
    /// <summary>Inputs per target in `make test`.</summary>
    public const int QuickInputs = 2_000;

    /// <summary>Number of targets, which share the time of `make fuzz`.</summary>
    private const int Targets = 12;

    /// <summary>Time limit of one input, far above what a loaded machine needs.</summary>
    private static readonly TimeSpan InputTimeout = TimeSpan.FromMinutes(5);

    /// <summary>Runs a target. An exception fails the test with the number of the input, which repeats it.</summary>
    /// <param name="target">Name of the target.</param>
    /// <param name="outcomes">Counts the outcomes.</param>
    /// <param name="run">Creates an input from the random numbers, runs the target, and returns the outcome.</param>
    /// <param name="quickInputs">Inputs in `make test`.</param>
    public static async Task RunAsync(
        string target, OutcomeCounts outcomes, Func<Random, Task<string>> run, int quickInputs = QuickInputs)
    {
        var started = TimeProvider.System.GetTimestamp();
        for (var number = FuzzSettings.First; IsInBudget(number); number++)
        {
            try
            {
                outcomes.Count(target, await run(RandomOf(target, number)).WaitAsync(InputTimeout));
            }
            catch (Exception failure)
            {
                throw new FuzzException(target, number, failure);
            }
        }

        bool IsInBudget(int number) => FuzzSettings.Seconds is { } seconds
            ? TimeProvider.System.GetElapsedTime(started) < TimeSpan.FromSeconds((double)seconds / Targets)
            : number < FuzzSettings.First + quickInputs;
    }

    /// <inheritdoc cref="RunAsync(string, OutcomeCounts, Func{Random, Task{string}}, int)" />
    public static Task RunAsync(
        string target, OutcomeCounts outcomes, Func<Random, string> run, int quickInputs = QuickInputs) =>
        RunAsync(target, outcomes, random => Task.Run(() => run(random)), quickInputs);

    /// <summary>Each input has its own seed, so that it can be repeated without its predecessors.</summary>
    private static Random RandomOf(string target, int number)
    {
        var text = string.Create(CultureInfo.InvariantCulture, $"{target}/{FuzzSettings.Seed}/{number}");
        return new Random((int)System.IO.Hashing.XxHash32.HashToUInt32(System.Text.Encoding.UTF8.GetBytes(text)));
    }
}

/// <summary>Size of the suite; `make fuzz` asks for more than `make test`.</summary>
internal static class FuzzSettings
{
    /// <summary>
    /// FOREGSYTE_FUZZ_SECONDS: time for all targets together. Without it, each target gets a fixed number of inputs.
    /// </summary>
    public static int? Seconds { get; } = Number("FOREGSYTE_FUZZ_SECONDS");

    /// <summary>FOREGSYTE_FUZZ_SEED: the same seed gives the same inputs. Default: 1.</summary>
    public static int Seed { get; } = Number("FOREGSYTE_FUZZ_SEED") ?? 1;

    /// <summary>FOREGSYTE_FUZZ_FIRST: number of the first input, to repeat one. Default: 0.</summary>
    public static int First { get; } = Number("FOREGSYTE_FUZZ_FIRST") ?? 0;

    /// <summary>Whether this is `make fuzz`.</summary>
    public static bool IsFull => Seconds is not null;

    private static int? Number(string name) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } text
            ? int.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture)
            : null;
}

/// <summary>Counts the outcomes of the inputs and prints a table at the end.</summary>
public sealed class OutcomeCounts : IDisposable
{
    private readonly ConcurrentDictionary<(string Target, string Outcome), int> _counts = new();

    /// <summary>Counts one input.</summary>
    public void Count(string target, string outcome) =>
        _counts.AddOrUpdate((target, outcome), 1, (_, count) => count + 1);

    /// <summary>The counts as a Markdown table.</summary>
    public override string ToString()
    {
        var table = new StringBuilder("| target | inputs | outcomes |\n|---|---:|---|\n");
        foreach (var target in _counts.GroupBy(count => count.Key.Target).OrderBy(group => group.Key))
        {
            var outcomes = target.OrderByDescending(count => count.Value).ThenBy(count => count.Key.Outcome)
                .Select(count => string.Create(CultureInfo.InvariantCulture, $"{count.Key.Outcome} {count.Value}"));
            table.AppendLine(
                CultureInfo.InvariantCulture,
                $"| {target.Key} | {target.Sum(count => count.Value)} | {string.Join(", ", outcomes)} |");
        }

        return table.ToString();
    }

    /// <inheritdoc />
    public void Dispose()
    {
        if (FuzzSettings.IsFull)
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"\nseed {FuzzSettings.Seed}\n{this}"));
        }
    }
}

/// <summary>A target failed; the message says how to repeat the input.</summary>
public sealed class FuzzException(string target, int number, Exception cause)
    : Exception(
        string.Create(
            CultureInfo.InvariantCulture,
            $"{target}: input {number} of seed {FuzzSettings.Seed} failed: {cause.Message} Repeat it with "
            + $"FOREGSYTE_FUZZ_SEED={FuzzSettings.Seed} FOREGSYTE_FUZZ_FIRST={number}."),
        cause);
