using System.Security.Cryptography;
using ForegSyte.V1;
using Microsoft.Win32.SafeHandles;

namespace ForegSyte.Client.Uploads;

/// <summary>A video during its upload: its bytes by offset, and whether it has changed.</summary>
internal abstract class UploadSource : IDisposable
{
    /// <summary>Length of size and type of the first box (ISO/IEC 14496-12, 4.2).</summary>
    private const int BoxHeaderBytes = 8;

    /// <summary>The video in messages.</summary>
    public abstract string Name { get; }

    /// <summary>Size at the start of the upload in bytes.</summary>
    public abstract long SizeBytes { get; }

    /// <summary>Whether the video has changed since the start of the upload.</summary>
    public abstract bool HasChanged { get; }

    /// <summary>The checkpoint of a new upload, without an upload id.</summary>
    public abstract Task<UploadCheckpoint> NewCheckpointAsync(Uri server, CancellationToken cancellationToken);

    /// <summary>
    /// Rejects a video that does not start as an MP4, before gigabytes are sent. The server checks everything else.
    /// </summary>
    /// <exception cref="ForegSyteException">NOT_AN_MP4.</exception>
    public async Task RequireMp4Async(CancellationToken cancellationToken)
    {
        var header = new byte[BoxHeaderBytes];
        if (SizeBytes >= header.Length)
        {
            await ReadAsync(0, header, cancellationToken);
        }

        if (!header.AsSpan(4).SequenceEqual("ftyp"u8))
        {
            throw new ForegSyteException(
                ErrorReason.NotAnMp4, $"{Name} is not an MP4: it does not start with an \"ftyp\" box.");
        }
    }

    /// <summary>Fills a buffer with the bytes at an offset. One call at a time.</summary>
    /// <exception cref="IOException">The video is too short.</exception>
    public async Task ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        while (buffer.Length > 0)
        {
            var read = await ReadSomeAsync(offset, buffer, cancellationToken);
            if (read == 0)
            {
                throw new IOException($"{Name} became shorter during the upload.");
            }

            (offset, buffer) = (offset + read, buffer[read..]);
        }
    }

    public abstract void Dispose();

    /// <summary>Reads at least one byte at an offset; 0 at the end.</summary>
    protected abstract ValueTask<int> ReadSomeAsync(
        long offset, Memory<byte> buffer, CancellationToken cancellationToken);
}

/// <summary>A file during its upload. It stays open.</summary>
internal sealed class VideoFile : UploadSource
{
    private const int SampleBytes = 64 * 1024;

    private readonly SafeFileHandle _handle;
    private readonly DateTime _modifiedAt;

    private VideoFile(string path, SafeFileHandle handle)
    {
        (Name, _handle) = (path, handle);
        SizeBytes = RandomAccess.GetLength(handle);
        _modifiedAt = File.GetLastWriteTimeUtc(handle);
    }

    /// <summary>Absolute path.</summary>
    public override string Name { get; }

    public override long SizeBytes { get; }

    public override bool HasChanged =>
        RandomAccess.GetLength(_handle) != SizeBytes || File.GetLastWriteTimeUtc(_handle) != _modifiedAt;

    public static VideoFile Open(string path)
    {
        var handle = File.OpenHandle(path, options: FileOptions.Asynchronous | FileOptions.SequentialScan);
        try
        {
            return new VideoFile(path, handle);
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    public override async Task<UploadCheckpoint> NewCheckpointAsync(Uri server, CancellationToken cancellationToken) =>
        new(
            server, Name, SizeBytes, _modifiedAt, await FingerprintAsync(cancellationToken),
            Guid.NewGuid().ToString(), UploadId: "");

    public override void Dispose() => _handle.Dispose();

    protected override ValueTask<int> ReadSomeAsync(
        long offset, Memory<byte> buffer, CancellationToken cancellationToken) =>
        RandomAccess.ReadAsync(_handle, buffer, offset, cancellationToken);

    /// <summary>
    /// Computes the SHA-256 of samples from the start, the middle and the end: a fast check that detects most changes
    /// with the same size and modification time.
    /// </summary>
    private async Task<string> FingerprintAsync(CancellationToken cancellationToken)
    {
        var sample = new byte[(int)Math.Min(SampleBytes, SizeBytes)];
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var offset in new[] { 0, (SizeBytes - sample.Length) / 2, SizeBytes - sample.Length })
        {
            await ReadAsync(offset, sample, cancellationToken);
            hash.AppendData(sample);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}

/// <summary>The rest of a seekable stream during its upload. The stream stays open afterwards.</summary>
internal sealed class VideoStream(Stream content) : UploadSource
{
    private readonly long _start = content.Position;

    public override string Name => "The stream";

    public override long SizeBytes { get; } = content.Length - content.Position;

    public override bool HasChanged => content.Length - _start != SizeBytes;

    /// <summary>Only the request id is used, because another process cannot read the stream.</summary>
    public override Task<UploadCheckpoint> NewCheckpointAsync(Uri server, CancellationToken cancellationToken) =>
        Task.FromResult(new UploadCheckpoint(
            server, Name, SizeBytes, DateTime.UnixEpoch, Fingerprint: "", Guid.NewGuid().ToString(), UploadId: ""));

    public override void Dispose()
    {
        // The stream belongs to the caller.
    }

    protected override ValueTask<int> ReadSomeAsync(
        long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        content.Position = _start + offset;
        return content.ReadAsync(buffer, cancellationToken);
    }
}

/// <summary>
/// The video was written during its upload: the server has a mix of old and new bytes.
/// </summary>
internal sealed class VideoChangedException(string name)
    : IOException($"{name} was changed during the upload. Submit it again when no other program writes to it.");
