using System.Security.Cryptography;
using ForegSyte.Jobs.Fetching;
using ForegSyte.Jobs.Storage;

namespace ForegSyte.Jobs.Submission.Sources;

/// <summary>
/// Writes what is fetched to the storage, hashes it on the way, and refuses it as soon as that can be told: what does
/// not begin as an MP4 does after its first bytes, what is too large before it is written.
/// </summary>
internal sealed class StagedFetch(string field, Stream target, IStorage storage, VideoChecks checks)
    : IFetchSink, IDisposable
{
    /// <summary>How often it is looked whether the disk still has room, where the size was not told.</summary>
    private const long RoomCheckBytes = 64L << 20;

    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly byte[] _beginning = new byte[VideoChecks.BeginningBytes];
    private long _written;
    private long _room;

    /// <inheritdoc />
    public void Expect(long totalBytes)
    {
        checks.RequireSize(field, totalBytes);
        storage.RequireRoom(totalBytes);
        _room = totalBytes;
    }

    /// <inheritdoc />
    public async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        checks.RequireSize(field, _written + bytes.Length);
        RequireBeginning(bytes.Span);
        if (_written + bytes.Length > _room)
        {
            storage.RequireRoom(RoomCheckBytes);
            _room = _written + RoomCheckBytes;
        }

        _hash.AppendData(bytes.Span);
        await target.WriteAsync(bytes, cancellationToken);
        _written += bytes.Length;
    }

    /// <inheritdoc />
    public void Restart()
    {
        _hash.GetHashAndReset();
        target.SetLength(0);
        target.Position = 0;
        (_written, _room) = (0, 0);
    }

    /// <summary>The hash of all bytes, as 64 lower-case hexadecimal digits.</summary>
    public string Sha256() => Convert.ToHexStringLower(_hash.GetCurrentHash());

    /// <inheritdoc />
    public void Dispose() => _hash.Dispose();

    /// <summary>The first bytes may come one by one.</summary>
    private void RequireBeginning(ReadOnlySpan<byte> bytes)
    {
        if (_written >= _beginning.Length)
        {
            return;
        }

        var missing = _beginning.AsSpan((int)_written);
        var taken = Math.Min(missing.Length, bytes.Length);
        bytes[..taken].CopyTo(missing);
        if (_written + taken == _beginning.Length)
        {
            VideoChecks.RequireBeginning(field, _beginning);
        }
    }
}
