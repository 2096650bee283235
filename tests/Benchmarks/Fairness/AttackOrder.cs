namespace ForegSyte.Benchmarks.Fairness;

/// <summary>Orders the attack process to run one attack.</summary>
/// <param name="Name">Name of the attack.</param>
/// <param name="Duration">When it ends.</param>
internal sealed record AttackOrder(string Name, TimeSpan Duration)
{
    /// <summary>Address of the JobService for gRPC.</summary>
    public required Uri JobAddress { get; init; }

    /// <summary>Address of the JobService for HTTP.</summary>
    public required Uri HttpAddress { get; init; }

    /// <summary>Key of the hostile tenant.</summary>
    public required string ApiKey { get; init; }

    /// <summary>The video of the attack.</summary>
    public required string VideoPath { get; init; }

    /// <summary>A remote video that arrives one byte per second.</summary>
    public required Uri SlowSource { get; init; }

    /// <summary>Process id of the InferenceService, whose decoders some attacks disturb.</summary>
    public required int InferenceServiceId { get; init; }

    /// <summary>Data folder of the services.</summary>
    public required string DataFolder { get; init; }
}

/// <summary>What the hostile tenant did.</summary>
/// <param name="Calls">Calls that it made.</param>
/// <param name="Refused">Refused calls by reason.</param>
internal sealed record AttackResult(long Calls, IReadOnlyDictionary<string, long> Refused)
{
    /// <summary>The result of an attack process that was killed.</summary>
    public static AttackResult Unknown { get; } = new(0, new Dictionary<string, long>());

    /// <inheritdoc />
    public override string ToString()
    {
        var reasons = Refused.OrderByDescending(reason => reason.Value)
            .Select(reason => FormattableString.Invariant($"{reason.Key} {reason.Value}"));
        return FormattableString.Invariant($"{Calls} / {Refused.Values.Sum()}")
            + (Refused.Count > 0 ? $" ({string.Join(", ", reasons)})" : "");
    }
}
