using ForegSyte.Protocol.Checksums;
using ForegSyte.V1;
using Google.Protobuf;

namespace ForegSyte.Fuzz.Tests.Calls;

/// <summary>What an upload has to hold after the parts that were acknowledged.</summary>
/// <param name="uploadId">Its id.</param>
/// <param name="content">The video that is meant to come.</param>
/// <param name="hasSha256">Whether its hash was told ahead, so that parts may come without a checksum.</param>
internal sealed class UploadModel(string uploadId, byte[] content, bool hasSha256)
{
    /// <summary>Byte by byte what was acknowledged, null where nothing was.</summary>
    private readonly byte?[] _kept = new byte?[content.Length];

    /// <summary>Bytes that are there.</summary>
    public int ReceivedBytes => _kept.Count(value => value is not null);

    /// <summary>Whether every byte is there.</summary>
    public bool IsComplete => ReceivedBytes == content.Length;

    /// <summary>What is there, with zeros where nothing is.</summary>
    public byte[] Bytes => [.. _kept.Select(value => value ?? 0)];

    /// <summary>Where there is something: ascending, and apart from each other.</summary>
    public IEnumerable<ByteRange> Ranges()
    {
        for (var start = 0; start < _kept.Length; start++)
        {
            if (_kept[start] is not null)
            {
                var end = Array.IndexOf(_kept, null, start);
                end = end < 0 ? _kept.Length : end;
                yield return new ByteRange { Start = start, End = end };
                start = end;
            }
        }
    }

    /// <summary>A part as an honest caller sends it.</summary>
    public UploadPartRequest Part(int offset, int length) => new()
    {
        UploadId = uploadId,
        Offset = offset,
        Data = ByteString.CopyFrom(content, offset, length),
        Crc32C = Crc32C.Of(content.AsSpan(offset, length)),
    };

    /// <summary>Whether a part may be taken: whole, within the video, and the same where there is something.</summary>
    public bool Allows(UploadPartRequest part) =>
        part.UploadId.Equals(uploadId, StringComparison.OrdinalIgnoreCase)
        && !part.Data.IsEmpty
        && (part.HasCrc32C ? part.Crc32C == Crc32C.Of(part.Data.Span) : hasSha256)
        && part.Offset >= 0 && part.Offset <= content.Length - part.Data.Length
        && !part.Data.Where((value, i) => _kept[part.Offset + i] is { } kept && kept != value).Any();

    /// <summary>Keeps a part that was acknowledged.</summary>
    public void Keep(UploadPartRequest part)
    {
        for (var i = 0; i < part.Data.Length; i++)
        {
            _kept[part.Offset + i] = part.Data[i];
        }
    }
}
