using System.Text;

namespace ForegSyte.Hosting.Files;

/// <summary>
/// Reads file URIs (RFC 8089), strictly: System.Uri turns backslashes into slashes, drops what follows a '?' and keeps
/// escapes that are no UTF-8 as they are, so that what was checked and what is opened could differ.
/// </summary>
public static class FileUri
{
    /// <summary>Longest URI in characters: a path of 4096 bytes with every byte percent-encoded fits.</summary>
    public const int MaxLength = 16_384;

    /// <summary>The form, for a message.</summary>
    public const string Form =
        "file:///absolute/path.mp4, with '?', '#', '%', '\\' and control characters in names percent-encoded";

    private const string Beginning = "file://";

    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    /// <summary>
    /// The path of a file URI of this machine; null where it is none. "." and ".." are still in it, and it is not
    /// checked for anything but its form. It has no control characters: they have no place in a log.
    /// </summary>
    public static string? PathOf(string uri)
    {
        if (uri.Length > MaxLength || !uri.StartsWith(Beginning, StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        var rest = uri.AsSpan(Beginning.Length);
        var slash = rest.IndexOf('/');
        return slash >= 0 && (slash == 0 || rest[..slash].Equals("localhost", StringComparison.OrdinalIgnoreCase))
            ? PercentDecoded(rest[slash..])
            : null;
    }

    /// <summary>
    /// Text without its percent-encoding; null where that is malformed, no UTF-8 or a control character, or where a
    /// character stands as it is that begins another part of a URI.
    /// </summary>
    public static string? PercentDecoded(ReadOnlySpan<char> text)
    {
        if (text.IndexOfAny('?', '#', '\\') >= 0)
        {
            return null;
        }

        var bytes = new byte[StrictUtf8.GetMaxByteCount(text.Length)];
        var count = 0;
        try
        {
            while (!text.IsEmpty)
            {
                if (text[0] != '%')
                {
                    var next = text.IndexOf('%');
                    var plain = next < 0 ? text : text[..next];
                    count += StrictUtf8.GetBytes(plain, bytes.AsSpan(count));
                    text = text[plain.Length..];
                    continue;
                }

                if (text.Length < 3 || !char.IsAsciiHexDigit(text[1]) || !char.IsAsciiHexDigit(text[2]))
                {
                    return null;
                }

                bytes[count++] = Convert.FromHexString(text[1..3])[0];
                text = text[3..];
            }

            var decoded = StrictUtf8.GetString(bytes, 0, count);
            return decoded.Any(char.IsControl) ? null : decoded;
        }
        catch (ArgumentException)
        {
            // DecoderFallbackException or EncoderFallbackException.
            return null;
        }
    }
}
