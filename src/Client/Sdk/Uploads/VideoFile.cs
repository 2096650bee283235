using System.Security.Cryptography;
using ForegSyte.V1;
using Grpc.Core;
using Microsoft.Win32.SafeHandles;

namespace ForegSyte.Client.Uploads;

/// <summary>A file that is uploaded: open from the beginning to the end, and watched for changes.</summary>
internal sealed class VideoFile : IDisposable
{
    private const int SampleBytes = 64 * 1024;

    /// <summary>Size and type of the first box (ISO/IEC 14496-12, 4.2).</summary>
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

    /// <summary>Its size when it was opened.</summary>
    public long SizeBytes { get; }

    /// <summary>When it was last written before it was opened.</summary>
    public DateTime ModifiedAt { get; }

    /// <summary>Whether it was written since it was opened.</summary>
    public bool HasChanged =>
        RandomAccess.GetLength(_handle) != SizeBytes || File.GetLastWriteTimeUtc(_handle) != ModifiedAt;

    /// <summary>Opens a file for reading.</summary>
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
    /// Refuses what no server takes before gigabytes of it are sent. All else about the video is the server's to judge.
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
                StatusCode.InvalidArgument, $"{Path} is no MP4: it does not begin with an \"ftyp\" box.")
            {
                Reason = ErrorReason.NotAnMp4,
                ReasonText = "NOT_AN_MP4",
            };
        }
    }

    /// <summary>
    /// SHA-256 of the beginning, the middle and the end: tells most changes that left size and time alone, in no time.
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

    /// <summary>Fills the buffer from an offset on.</summary>
    /// <exception cref="IOException">The file ends before.</exception>
    public async Task ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        while (buffer.Length > 0)
        {
            var read = await RandomAccess.ReadAsync(_handle, buffer, offset, cancellationToken);
            if (read == 0)
            {
                throw new IOException($"{Path} became shorter while it was read.");
            }

            (offset, buffer) = (offset + read, buffer[read..]);
        }
    }

    /// <inheritdoc />
    public void Dispose() => _handle.Dispose();
}
