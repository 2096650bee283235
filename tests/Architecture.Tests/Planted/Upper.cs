namespace ForegSyte.Architecture.Tests.Planted.Up;

/// <summary>Stands for a type of a layer above. That it uses the layer below is allowed.</summary>
internal class Upper
{
    public Down.Innocent? Below { get; init; }

    public static int Count(int start) => start + 1;
}
