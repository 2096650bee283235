namespace ForegSyte.Architecture.Tests.Layers;

/// <summary>A part of a program, or something outside it that its parts may need leave to use.</summary>
/// <param name="Name">Name that <see cref="Uses"/> and the messages of the tests say.</param>
/// <param name="Namespaces">Where its types are. Namespaces below them belong to it too, unless they are listed for
/// another layer.</param>
internal sealed record Layer(string Name, params string[] Namespaces)
{
    /// <summary>Names of the layers whose types this one may use, beside its own.</summary>
    public IReadOnlyList<string> Uses { get; init; } = [];
}
