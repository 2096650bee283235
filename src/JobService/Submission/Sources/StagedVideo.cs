using ForegSyte.Jobs.Storage;

namespace ForegSyte.Jobs.Submission.Sources;

/// <summary>A video that is written and checked, and waits to be committed.</summary>
/// <param name="Artifact">The bytes.</param>
/// <param name="Sha256">Their SHA-256 as 64 lower-case hexadecimal digits.</param>
internal sealed record StagedVideo(IStagedArtifact Artifact, string Sha256) : IAsyncDisposable
{
    /// <inheritdoc />
    public ValueTask DisposeAsync() => Artifact.DisposeAsync();
}
