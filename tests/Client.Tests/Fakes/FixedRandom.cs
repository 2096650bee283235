namespace ForegSyte.Client.Tests.Fakes;

/// <summary>Always the same number.</summary>
public sealed class FixedRandom(double value) : Random
{
    public override double NextDouble() => value;
}
