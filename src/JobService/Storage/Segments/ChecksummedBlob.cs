using System.IO.Hashing;

namespace ForegSyte.Jobs.Storage.Segments;

/// <summary>
/// Bytes with a checksum behind them, so that damage on the disk is found and not served. XxHash128: it finds mistakes,
/// not attackers, as nobody but the service writes here.
/// </summary>
internal static class ChecksummedBlob
{
    private const int HashBytes = 16;

    /// <summary>Writes the content and its checksum.</summary>
    public static async Task WriteAsync(
        Stream stream, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        await stream.WriteAsync(content, cancellationToken);
        await stream.WriteAsync(XxHash128.Hash(content.Span), cancellationToken);
    }

    /// <summary>Reads the content back; null where it is not what was written.</summary>
    public static byte[]? Read(Stream stream)
    {
        if (stream.Length is < HashBytes or > int.MaxValue)
        {
            return null;
        }

        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        var content = bytes.AsSpan(..^HashBytes);
        return XxHash128.Hash(content).AsSpan().SequenceEqual(bytes.AsSpan(^HashBytes..)) ? content.ToArray() : null;
    }
}
