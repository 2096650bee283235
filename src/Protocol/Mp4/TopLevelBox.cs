using System.Collections.Frozen;
using System.Text;

namespace ForegSyte.Protocol.Mp4;

/// <summary>
/// The rule that tells a box at the top level of a file (ISO/IEC 14496-12, 4.2, and QuickTime) from bytes that only
/// trail the last box.
/// </summary>
/// <remarks>
/// A known box that claims more bytes than the file has means that the file is cut off. Other bytes are a box if their
/// type is printable and the file holds all that they claim. If not, they begin the trailing bytes, which players
/// ignore: but only after a complete "moov" and the data of the frames; before that the file is broken.
/// </remarks>
internal static class TopLevelBox
{
    /// <summary>Bytes of a size and a type.</summary>
    public const int HeaderBytes = 8;

    private static readonly FrozenSet<string> Known = new[]
    {
        "ftyp", "styp", "etyp", "otyp", "moov", "moof", "mdat", "imda", "mfra", "free", "skip", "wide", "junk", "pnot",
        "PICT", "pdin", "meta", "meco", "sidx", "ssix", "prft", "emsg", "uuid", "udta",
    }.ToFrozenSet(StringComparer.Ordinal);

    /// <summary>Whether bytes that do not fit into the file begin the trailing bytes.</summary>
    /// <param name="rest">The first bytes of the rest of the file; at least 8 if the rest has as many.</param>
    /// <param name="size">
    /// The size that the header claims, header included; 0 for "to the end of the file". Ignored for a rest without a
    /// whole header.
    /// </param>
    /// <param name="restLength">Length of the rest of the file.</param>
    public static bool IsTrailing(ReadOnlySpan<byte> rest, long size, long restLength)
    {
        if (restLength < HeaderBytes)
        {
            // Up to 4 bytes are only a size; more must begin the type of a known box to be a cut header.
            return restLength <= 4 || !IsBeginOfKnown(rest[4..(int)restLength]);
        }

        var type = rest[4..HeaderBytes];
        return !IsKnown(type) && (size < HeaderBytes || size > restLength || !IsPrintable(type));
    }

    private static bool IsKnown(ReadOnlySpan<byte> type) => Known.Contains(Encoding.Latin1.GetString(type));

    private static bool IsBeginOfKnown(ReadOnlySpan<byte> letters)
    {
        var begin = Encoding.Latin1.GetString(letters);
        return Known.Any(type => type.StartsWith(begin, StringComparison.Ordinal));
    }

    private static bool IsPrintable(ReadOnlySpan<byte> type)
    {
        // QuickTime's own types may begin with a copyright sign.
        foreach (var letter in type)
        {
            if (letter is (< (byte)' ' or > (byte)'~') and not 0xA9)
            {
                return false;
            }
        }

        return true;
    }
}
