using System.Buffers;
using System.Security.Cryptography;
using ForegSyte.Hosting.Errors;
using ForegSyte.Jobs.Storage;
using ForegSyte.Jobs.Tenants;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Submission;

/// <summary>A video in a file of the server.</summary>
/// <param name="uri">The uri of the file.</param>
/// <param name="file">The open file; the source disposes it.</param>
/// <param name="storage">The target.</param>
/// <param name="checks">The checks of every video.</param>
internal sealed class FileSource(string uri, FileStream file, IStorage storage, VideoChecks checks) : IVideoSource
{
    private const string Field = "uri";
    private const int BufferBytes = 1 << 20;

    private readonly (long Length, DateTime LastWrite) _opened = StateOf(file);

    /// <inheritdoc />
    public IReadOnlyList<Warning> Warnings { get; private set; } = [];

    /// <inheritdoc />
    public long NewBytes => _opened.Length;

    /// <summary>The uri alone: the file may be large, and may have changed.</summary>
    public ValueTask<string> IdentifyAsync(CancellationToken cancellationToken) => new(uri);

    /// <inheritdoc />
    public ValueTask CheckAsync(CancellationToken cancellationToken)
    {
        checks.RequireSize(Field, _opened.Length);
        Warnings = VideoChecks.RequireMp4(Field, file);
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc />
    public async Task<StagedVideo> StageAsync(
        string key, VideoReservation space, CancellationToken cancellationToken)
    {
        space.Take(_opened.Length);
        using var room = space.ReserveRoom(_opened.Length);
        return await StagedVideo.WriteAsync(storage, key, async target =>
        {
            var (bytes, sha256) = await CopyAsync(target, room, cancellationToken);
            if (bytes != _opened.Length || StateOf(file) != _opened)
            {
                throw ServiceException.ForField(
                    ErrorReason.TruncatedMp4, Field,
                    "The file changed during its copy. Submit it when it is complete.");
            }

            // A change within the resolution of file times is invisible above, so check the copy too.
            Warnings = VideoChecks.RequireMp4(Field, target);
            return sha256;
        }, cancellationToken);
    }

    /// <inheritdoc />
    public ValueTask DisposeAsync() => file.DisposeAsync();

    /// <summary>Copies and hashes the file. Stops once it is longer than it was when opened, so that an endless file
    /// ends.</summary>
    private async Task<(long Bytes, string Sha256)> CopyAsync(
        Stream target, RoomReservation room, CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            long copied = 0;
            while (copied <= _opened.Length
                && await file.ReadAsync(buffer.AsMemory(0, BufferBytes), cancellationToken) is > 0 and var read)
            {
                hash.AppendData(buffer, 0, read);
                await target.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
                room.Wrote(read);
                copied += read;
            }

            return (copied, Convert.ToHexStringLower(hash.GetHashAndReset()));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static (long Length, DateTime LastWrite) StateOf(FileStream file) =>
        (RandomAccess.GetLength(file.SafeFileHandle), File.GetLastWriteTimeUtc(file.SafeFileHandle));
}
