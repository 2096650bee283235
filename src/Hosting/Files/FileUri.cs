using System.Text;

namespace ForegSyte.Hosting.Files;

/// <summary>
/// Parses file URIs (RFC 8089) strictly. System.Uri converts backslashes, drops everything after '?' and keeps escapes
/// that are not UTF-8, so that the checked path could differ from the opened one.
/// </summary>
public static class FileUri
{
    /// <summary>Longest URI in characters: a path of 4096 bytes fits with every byte percent-encoded.</summary>
    public const int MaxLength = 16_384;

    /// <summary>Description of the format for error messages.</summary>
    public const string Form =
        "file:///absolute/path.mp4, with '?', '#', '%', '\\' and control characters in names percent-encoded";

    private const string Beginning = "file://";

    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    /// <summary>
    /// The path of a local file URI; null if the text is not one. The path may contain "." and ".." and is checked for
    /// nothing but its form. It contains no control characters, so that it is safe to log.
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
    /// Decodes percent-encoding; null if it is malformed, not UTF-8, or contains a control character or an unescaped
    /// delimiter of URIs.
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
