namespace ForegSyte.Fuzz.Tests.Corpus;

/// <summary>A video that something is wrong with.</summary>
/// <param name="Name">What is wrong.</param>
/// <param name="Bytes">The file.</param>
internal sealed record BrokenVideo(string Name, byte[] Bytes)
{
    /// <inheritdoc />
    public override string ToString() => Name;
}
