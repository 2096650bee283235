using System.Security.Cryptography;
using ForegSyte.V1;
using Grpc.Core;
using Microsoft.Win32.SafeHandles;

namespace ForegSyte.Client.Uploads;

/// <summary>A file during its upload: stays open, and detects changes.</summary>
internal sealed class VideoFile : IDisposable
{
    private const int SampleBytes = 64 * 1024;

    /// <summary>Length of size and type of the first box (ISO/IEC 14496-12, 4.2).</summary>
    private const int BoxHeaderBytes = 8;

    private readonly SafeFileHandle _handle;

    private VideoFile(string path, SafeFileHandle handle)
    {
        (Path, _handle) = (path, handle);
        SizeBytes = RandomAccess.GetLength(handle);
        ModifiedAt = File.GetLastWriteTimeUtc(handle);
    }

    /// <summary>Absolute path.</summary>
    public string Path { get; }

    /// <summary>Size when the file was opened.</summary>
    public long SizeBytes { get; }

    /// <summary>Modification time when the file was opened, UTC.</summary>
    public DateTime ModifiedAt { get; }

    /// <summary>Whether the file was written since it was opened.</summary>
    public bool HasChanged =>
        RandomAccess.GetLength(_handle) != SizeBytes || File.GetLastWriteTimeUtc(_handle) != ModifiedAt;

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

    /// <summary>
    /// Rejects a file that does not start as an MP4, before gigabytes are sent. The server checks everything else.
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
                StatusCode.InvalidArgument, $"{Path} is not an MP4: it does not start with an \"ftyp\" box.")
            {
                Reason = ErrorReason.NotAnMp4,
                ReasonText = "NOT_AN_MP4",
            };
        }
    }

    /// <summary>
    /// Computes the SHA-256 of samples from the start, the middle and the end: a fast check that detects most changes
    /// with the same size and modification time.
    /// </summary>
    public async Task<string> FingerprintAsync(CancellationToken cancellationToken)
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

    /// <summary>Fills a buffer with the bytes at an offset.</summary>
    /// <exception cref="IOException">The file is too short.</exception>
    public async Task ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        while (buffer.Length > 0)
        {
            var read = await RandomAccess.ReadAsync(_handle, buffer, offset, cancellationToken);
            if (read == 0)
            {
                throw new IOException($"{Path} became shorter during the upload.");
            }

            (offset, buffer) = (offset + read, buffer[read..]);
        }
    }

    public void Dispose() => _handle.Dispose();
}

/// <summary>
/// The file changed during its upload: the server has a mix of old and new bytes.
/// </summary>
internal sealed class FileChangedException(string path)
    : IOException($"{path} was changed during the upload. Submit it again when no other program writes to it.");
