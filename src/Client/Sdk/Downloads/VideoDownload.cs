using System.Security.Cryptography;
using ForegSyte.Client.Calls;
using ForegSyte.V1;
using Grpc.Core;

namespace ForegSyte.Client.Downloads;

/// <summary>Downloads the video of one job range by range, and checks its SHA-256.</summary>
/// <param name="jobId">Id of the job.</param>
/// <param name="readOnce">Reads the range that starts at an offset, without retries.</param>
/// <param name="calls">Computes the delays between retries.</param>
/// <param name="options">Options of the client.</param>
/// <param name="progress">Receives a report after each range; null for none.</param>
internal sealed class VideoDownload(
    string jobId,
    Func<long, CancellationToken, Task<DownloadVideoResponse>> readOnce,
    CallRunner calls,
    ForegSyteClientOptions options,
    IProgress<DownloadProgress>? progress)
{
    private const int HashBufferBytes = 81920;

    /// <summary>Downloads to a file; continues the partial file of an earlier run.</summary>
    /// <returns>Size of the video.</returns>
    /// <exception cref="ForegSyteException">The server rejected a range, or the bytes have another SHA-256.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public async Task<long> ToFileAsync(string path, CancellationToken cancellationToken)
    {
        var partialPath = path + ".partial";
        try
        {
            long size;
            await using (var file = new FileStream(
                partialPath, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 0, useAsync: true))
            {
                size = await ContinueAsync(file, cancellationToken);
            }

            File.Move(partialPath, path, overwrite: true);
            return size;
        }
        catch (Exception) when (new FileInfo(partialPath) is { Exists: true, Length: 0 })
        {
            File.Delete(partialPath);
            throw;
        }
    }

    /// <summary>Downloads to a stream, from its position on.</summary>
    /// <inheritdoc cref="ToFileAsync"/>
    public async Task<long> ToStreamAsync(Stream destination, CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var (size, expected) = await CopyAsync(destination, 0, hash, cancellationToken);
        var actual = Convert.ToHexStringLower(hash.GetHashAndReset());
        return IsComplete(expected, actual) ? size : throw Differs(expected, actual);
    }

    /// <summary>
    /// Continues a partial file. If its bytes turn out to be those of another video, downloads everything again.
    /// </summary>
    private async Task<long> ContinueAsync(FileStream file, CancellationToken cancellationToken)
    {
        while (true)
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            var start = await HashAsync(file, hash, cancellationToken);
            string expected;
            long size;
            try
            {
                (size, expected) = await CopyAsync(file, start, hash, cancellationToken);
            }
            catch (ForegSyteException failure) when (start > 0 && failure.Reason == ErrorReason.InvalidField)
            {
                // The partial file is longer than the video.
                file.SetLength(0);
                continue;
            }

            var actual = Convert.ToHexStringLower(hash.GetHashAndReset());
            if (IsComplete(expected, actual))
            {
                return size;
            }

            file.SetLength(0);
            if (start == 0)
            {
                throw Differs(expected, actual);
            }
        }
    }

    private static async Task<long> HashAsync(
        FileStream file, IncrementalHash hash, CancellationToken cancellationToken)
    {
        file.Position = 0;
        var buffer = new byte[HashBufferBytes];
        int read;
        while ((read = await file.ReadAsync(buffer, cancellationToken)) > 0)
        {
            hash.AppendData(buffer, 0, read);
        }

        return file.Position;
    }

    private async Task<(long Size, string Sha256)> CopyAsync(
        Stream destination, long offset, IncrementalHash hash, CancellationToken cancellationToken)
    {
        while (true)
        {
            var range = await ReadAsync(offset, cancellationToken);
            hash.AppendData(range.Data.Span);
            await destination.WriteAsync(range.Data.Memory, cancellationToken);
            offset += range.Data.Length;
            progress?.Report(new DownloadProgress(offset, range.SizeBytes));
            if (offset >= range.SizeBytes)
            {
                return (range.SizeBytes, range.VideoSha256);
            }

            if (range.Data.IsEmpty)
            {
                throw new ForegSyteException(
                    StatusCode.DataLoss,
                    $"The server sent no bytes of the video of job {jobId} at offset {offset}, although it has "
                    + $"{range.SizeBytes}.");
            }
        }
    }

    /// <summary>Reads one range; retries while the server is unavailable, at most for MaxOutage.</summary>
    private async Task<DownloadVideoResponse> ReadAsync(long offset, CancellationToken cancellationToken)
    {
        DateTimeOffset? outageStart = null;
        for (var failures = 1; ; failures++)
        {
            try
            {
                return await readOnce(offset, cancellationToken);
            }
            catch (ForegSyteException failure)
                when (failure.Code is StatusCode.Unavailable or StatusCode.DeadlineExceeded
                    || failure.RetryAfter is not null)
            {
                var now = options.TimeProvider.GetUtcNow();
                outageStart ??= now;
                var delay = calls.DelayAfter(failures, failure.RetryAfter);
                if (now + delay - outageStart > options.MaxOutage)
                {
                    throw;
                }

                await Task.Delay(delay, options.TimeProvider, cancellationToken);
            }
        }
    }

    /// <summary>Whether the bytes are the video. Jobs of early versions have no SHA-256.</summary>
    private static bool IsComplete(string expected, string actual) =>
        expected.Length == 0 || string.Equals(expected, actual, StringComparison.OrdinalIgnoreCase);

    private ForegSyteException Differs(string expected, string actual) => new(
        StatusCode.DataLoss,
        $"The downloaded video of job {jobId} has the SHA-256 {actual} instead of {expected}: its bytes were changed "
        + "on the way. Download it again; if that fails too, the server's copy is damaged.");
}
