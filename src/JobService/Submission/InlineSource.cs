using System.Runtime.InteropServices;
using System.Security.Cryptography;
using ForegSyte.Jobs.Storage;
using ForegSyte.Jobs.Tenants;
using ForegSyte.V1;
using Google.Protobuf;

namespace ForegSyte.Jobs.Submission;

/// <summary>A video inside the request.</summary>
internal sealed class InlineSource(ByteString content, IStorage storage, VideoChecks checks) : IVideoSource
{
    private const string Field = "content";

    private readonly Lazy<string> _sha256 = new(() => Convert.ToHexStringLower(SHA256.HashData(content.Span)));

    /// <inheritdoc />
    public IReadOnlyList<Warning> Warnings { get; private set; } = [];

    /// <inheritdoc />
    public long NewBytes => content.Length;

    /// <inheritdoc />
    public ValueTask<string> IdentifyAsync(CancellationToken cancellationToken) => new("sha256:" + _sha256.Value);

    /// <inheritdoc />
    public ValueTask CheckAsync(CancellationToken cancellationToken)
    {
        checks.RequireInline(content.Length);
        checks.RequireSize(Field, content.Length);
        using var video = StreamOver(content);
        Warnings = VideoChecks.RequireMp4(Field, video);
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc />
    public async Task<StagedVideo> StageAsync(
        string key, VideoReservation space, CancellationToken cancellationToken)
    {
        space.Take(content.Length);
        using var room = space.ReserveRoom(content.Length);
        return await StagedVideo.WriteAsync(storage, key, async target =>
        {
            await target.WriteAsync(content.Memory, cancellationToken);
            return _sha256.Value;
        }, cancellationToken);
    }

    /// <inheritdoc />
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    /// <summary>A stream over the bytes of the message, without a copy.</summary>
    private static MemoryStream StreamOver(ByteString content) =>
        MemoryMarshal.TryGetArray(content.Memory, out var bytes)
            ? new MemoryStream(bytes.Array!, bytes.Offset, bytes.Count, writable: false)
            : new MemoryStream(content.ToByteArray(), writable: false);
}
