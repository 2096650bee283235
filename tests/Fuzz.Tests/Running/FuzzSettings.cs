using System.Globalization;

namespace ForegSyte.Fuzz.Tests.Running;

/// <summary>How much the suite does; `make fuzz` asks for more than `make test`.</summary>
internal static class FuzzSettings
{
    /// <summary>
    /// Seconds for all targets together: FOREGSYTE_FUZZ_SECONDS. Without it each target gets a fixed number of inputs,
    /// so that the tests do the same on every machine.
    /// </summary>
    public static int? Seconds { get; } = Number("FOREGSYTE_FUZZ_SECONDS");

    /// <summary>
    /// What the inputs are made from: FOREGSYTE_FUZZ_SEED, 1 by default. The same seed makes the same inputs.
    /// </summary>
    public static int Seed { get; } = Number("FOREGSYTE_FUZZ_SEED") ?? 1;

    /// <summary>The first input of each target, to repeat one: FOREGSYTE_FUZZ_FIRST, 0 by default.</summary>
    public static int First { get; } = Number("FOREGSYTE_FUZZ_FIRST") ?? 0;

    /// <summary>Whether everything is done, or the part that belongs into `make test`.</summary>
    public static bool IsWhole => Seconds is not null;

    private static int? Number(string name) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } text
            ? int.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture)
            : null;
}
