namespace ForegSyte.Architecture.Tests.Planted.Elsewhere;

/// <summary>A type of a folder that the table has no line for.</summary>
internal sealed class Stray
{
}
