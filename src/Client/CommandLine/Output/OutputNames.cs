using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using ForegSyte.Client;

namespace ForegSyte.CommandLine.Output;

/// <summary>Names of the files that a command makes.</summary>
internal static class OutputNames
{
    /// <summary>
    /// Longest name in bytes: 255 in the usual file systems, less the suffix of a file that is not complete yet.
    /// </summary>
    public const int MaxBytes = 255 - 8;

    private const int HashBytes = 4;
    private const int MaxExtensionLength = 6;

    /// <summary>
    /// Returns the name for a file that belongs to a video: the video's name without its extension, and a suffix. A
    /// name that is too long ends early, between two characters, with a hash of the whole.
    /// </summary>
    /// <param name="videoName">Name of the video, with any characters.</param>
    /// <param name="suffix">For example ".annotated.mp4".</param>
    /// <param name="fallback">Name of a video without one.</param>
    public static string Of(string videoName, string suffix, string fallback = "video")
    {
        var clean = Clean(FileDisplayName.Of(videoName));
        var stem = HasExtension(clean) ? Path.GetFileNameWithoutExtension(clean) : clean;
        stem = stem.Length == 0 ? fallback : stem;
        var room = MaxBytes - Encoding.UTF8.GetByteCount(suffix);
        if (Encoding.UTF8.GetByteCount(stem) > room)
        {
            var hash = SHA256.HashData(Encoding.UTF8.GetBytes(stem)).AsSpan(0, HashBytes);
            var end = "~" + Convert.ToHexStringLower(hash);
            stem = Cut(stem, room - end.Length) + end;
        }

        return stem + suffix;
    }

    /// <summary>Whether the end is an extension; "gate 1.5 north" has none.</summary>
    private static bool HasExtension(string name) =>
        Path.GetExtension(name) is { Length: > 1 and <= MaxExtensionLength } extension
        && extension[1..].All(char.IsAsciiLetterOrDigit) && extension.Any(char.IsAsciiLetter);

    /// <summary>Replaces what no name of a file can have, and a leading dot, which would hide it.</summary>
    private static string Clean(string name)
    {
        var invalid = Path.GetInvalidFileNameChars();
        var clean = string.Concat(name.Select(character => invalid.Contains(character) ? '_' : character));
        return clean.StartsWith('.') ? "_" + clean[1..] : clean;
    }

    private static string Cut(string text, int maxBytes)
    {
        var (length, bytes) = (0, 0);
        var elements = StringInfo.GetTextElementEnumerator(text);
        while (elements.MoveNext())
        {
            bytes += Encoding.UTF8.GetByteCount(elements.GetTextElement());
            if (bytes > maxBytes)
            {
                break;
            }

            length = elements.ElementIndex + elements.GetTextElement().Length;
        }

        return text[..length];
    }
}
