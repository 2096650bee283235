namespace ForegSyte.Architecture.Tests.Planted.Down;

/// <summary>A type of a layer below that uses its own layer and the framework only.</summary>
internal sealed class Innocent
{
    public List<Innocent> Neighbours { get; } = [];
}
