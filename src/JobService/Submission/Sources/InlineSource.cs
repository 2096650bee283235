using System.Runtime.InteropServices;
using System.Security.Cryptography;
using ForegSyte.Jobs.Storage;
using Google.Protobuf;

namespace ForegSyte.Jobs.Submission.Sources;

/// <summary>A video whose bytes are in the request.</summary>
internal sealed class InlineSource(ByteString content, IStorage storage, VideoChecks checks) : IVideoSource
{
    private const string Field = "content";

    private readonly Lazy<string> _sha256 = new(() => Convert.ToHexStringLower(SHA256.HashData(content.Span)));

    /// <inheritdoc />
    public ValueTask<string> IdentifyAsync(CancellationToken cancellationToken) => new("sha256:" + _sha256.Value);

    /// <inheritdoc />
    public ValueTask CheckAsync(CancellationToken cancellationToken)
    {
        checks.RequireInline(content.Length);
        checks.RequireSize(Field, content.Length);
        using var video = StreamOver(content);
        VideoChecks.RequireMp4(Field, video);
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc />
    public async Task<StagedVideo> StageAsync(string key, CancellationToken cancellationToken)
    {
        storage.RequireRoom(content.Length);
        var artifact = storage.Stage(key);
        try
        {
            await artifact.Stream.WriteAsync(content.Memory, cancellationToken);
            return new StagedVideo(artifact, _sha256.Value);
        }
        catch
        {
            await artifact.DisposeAsync();
            throw;
        }
    }

    /// <inheritdoc />
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    /// <summary>The bytes as they lie in the message, not copied.</summary>
    private static MemoryStream StreamOver(ByteString content) =>
        MemoryMarshal.TryGetArray(content.Memory, out var bytes)
            ? new MemoryStream(bytes.Array!, bytes.Offset, bytes.Count, writable: false)
            : new MemoryStream(content.ToByteArray(), writable: false);
}
