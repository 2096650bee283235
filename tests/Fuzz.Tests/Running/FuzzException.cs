using System.Globalization;

namespace ForegSyte.Fuzz.Tests.Running;

/// <summary>An input that a target did not bear, with how to repeat it.</summary>
public sealed class FuzzException(string target, int number, Exception cause)
    : Exception(
        string.Create(
            CultureInfo.InvariantCulture,
            $"{target}: input {number} of seed {FuzzSettings.Seed} failed: {cause.Message} Repeat it with "
            + $"FOREGSYTE_FUZZ_SEED={FuzzSettings.Seed} FOREGSYTE_FUZZ_FIRST={number}."),
        cause);
