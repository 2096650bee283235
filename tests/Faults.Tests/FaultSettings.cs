using System.Globalization;

namespace ForegSyte.Faults.Tests;

/// <summary>How much the suite does; `make faults` asks for more than `make test`.</summary>
internal static class FaultSettings
{
    /// <summary>Kills in the storm: FOREGSYTE_FAULT_KILLS, 8 by default.</summary>
    public static int Kills { get; } = Number("FOREGSYTE_FAULT_KILLS", 8);

    /// <summary>
    /// What the storm is made from: FOREGSYTE_FAULT_SEED, 1 by default. The same seed makes the same faults.
    /// </summary>
    public static int Seed { get; } = Number("FOREGSYTE_FAULT_SEED", 1);

    private static int Number(string name, int otherwise) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } text
            ? int.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture)
            : otherwise;
}
