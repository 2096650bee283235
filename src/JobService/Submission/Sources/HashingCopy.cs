using System.Buffers;
using System.Security.Cryptography;

namespace ForegSyte.Jobs.Submission.Sources;

/// <summary>Copies a video and hashes it on the way, in memory that does not grow with it.</summary>
internal static class HashingCopy
{
    private const int BufferBytes = 1 << 20;

    /// <summary>Copies a stream from where it is to its end.</summary>
    /// <param name="source">Where the bytes come from; need not be seekable.</param>
    /// <param name="target">Where they go.</param>
    /// <param name="maxBytes">The copy ends once it is larger than this, so that an endless source ends.</param>
    /// <param name="cancellationToken">Stops the copy.</param>
    /// <returns>
    /// How many bytes were copied, more than <paramref name="maxBytes"/> where it ended early, and their SHA-256 as 64
    /// lower-case hexadecimal digits.
    /// </returns>
    public static async Task<(long Bytes, string Sha256)> RunAsync(
        Stream source, Stream target, long maxBytes, CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            long copied = 0;
            while (copied <= maxBytes
                && await source.ReadAsync(buffer.AsMemory(0, BufferBytes), cancellationToken) is > 0 and var read)
            {
                hash.AppendData(buffer, 0, read);
                await target.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
                copied += read;
            }

            return (copied, Convert.ToHexStringLower(hash.GetHashAndReset()));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
