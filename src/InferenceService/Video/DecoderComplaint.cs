using ForegSyte.Video;

namespace ForegSyte.Inference.Video;

/// <summary>
/// The messages of FFmpeg that tell of damaged data or missing references. A good video causes none of them, except
/// where decoding starts between its beginning and its end.
/// </summary>
internal static class DecoderComplaint
{
    /// <summary>The main program of FFmpeg about a frame whose decoder reported damage; the frame follows.</summary>
    public const string CorruptFrame = "corrupt decoded frame in stream";

    /// <summary>Messages about the repair or the damage of data that are no errors by their level.</summary>
    private static readonly string[] Repairs =
        ["concealing ", CorruptFrame, "Packet corrupt (stream", "mismatching checksum of plane "];

    /// <summary>
    /// Errors that do not concern the picture: metadata, marks of unused references, and a complaint of the MPEG-4
    /// decoder before its first frame.
    /// </summary>
    private static readonly string[] Harmless =
    [
        "SEI", "mmco: unref short failure", "number of reference frames", "Context scratch buffers could not be",
    ];

    /// <summary>Messages of level debug, which the log of HEVC has (<see cref="HevcPictures"/>).</summary>
    private static readonly string[] ForDebugging =
        ["Output frame with POC ", "Decoded frame with POC ", "nal_unit_type: "];

    /// <summary>
    /// Contexts that are no decoder. "[info]" begins the description of the file, which may contain any text; "NULL" is
    /// the parser, whose messages the decoder repeats when the packet is due.
    /// </summary>
    private static readonly string[] OtherContexts =
        ["[info]", "[NULL @", "[swscaler @", "[Parsed_", "[auto_", "[null @", "[rawvideo @"];

    /// <summary>Whether a line of the log is such a message, or begins with one.</summary>
    public static bool Is(ReadOnlySpan<char> line) =>
        (Contains(line, "[error]") || Contains(line, "[fatal]") || ContainsAny(line, Repairs))
        && !ContainsAny(line, Harmless)
        && !StartsWithAny(line, OtherContexts);

    /// <summary>
    /// Whether another thread has written a message behind a line of showinfo. Without its level it counts as a
    /// complaint: the scan, which decodes on one thread, tells whether it was one.
    /// </summary>
    public static bool IsBehindFrame(ReadOnlySpan<char> line) =>
        ShowInfoLine.HasMessageBehind(line) && !ContainsAny(line, Harmless) && !ContainsAny(line, ForDebugging);

    private static bool Contains(ReadOnlySpan<char> line, string text) => line.Contains(text, StringComparison.Ordinal);

    private static bool ContainsAny(ReadOnlySpan<char> line, string[] texts)
    {
        foreach (var text in texts)
        {
            if (Contains(line, text))
            {
                return true;
            }
        }

        return false;
    }

    private static bool StartsWithAny(ReadOnlySpan<char> line, string[] texts)
    {
        foreach (var text in texts)
        {
            if (line.StartsWith(text, StringComparison.Ordinal))
            {
                return true;
            }
        }

        return false;
    }
}
