using System.Text;
using System.Text.Json;

namespace ForegSyte.Jobs.Storage.Results;

/// <summary>
/// The layout of a results document: a ResultsDocument as proto3 JSON, cut into lines so that a frame can be found
/// without reading what is before it.
/// <code>
/// {"results":[
/// { "frame_index": 0, … },
/// { "frame_index": 5, … }
/// ]}
/// </code>
/// </summary>
internal static class ResultsFormat
{
    /// <summary>Most bytes of a line. A frame comes in a gRPC message, and none is as large.</summary>
    public const int MaxLineBytes = 64 * 1024 * 1024;

    /// <summary>The first line.</summary>
    public static ReadOnlySpan<byte> Header => "{\"results\":[\n"u8;

    /// <summary>The last line.</summary>
    public static ReadOnlySpan<byte> Footer => "]}\n"u8;

    /// <summary>Between two frames.</summary>
    public static ReadOnlySpan<byte> Separator => ",\n"u8;

    /// <summary>UTF-8 without a mark at the beginning; what cannot be written is an error.</summary>
    public static readonly Encoding Encoding =
        new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>
    /// The frame_index of a line, from its first bytes: the formatter writes fields in the order of their numbers, and
    /// frame_index is number 1. Null where the line does not begin with it.
    /// </summary>
    public static int? FrameIndexOf(ReadOnlySpan<byte> lineStart)
    {
        var json = new Utf8JsonReader(lineStart, isFinalBlock: false, state: default);
        try
        {
            return json.Read() && json.TokenType == JsonTokenType.StartObject
                && json.Read() && json.TokenType == JsonTokenType.PropertyName && json.ValueTextEquals("frame_index"u8)
                && json.Read() && json.TokenType == JsonTokenType.Number && json.TryGetInt32(out var index)
                ? index
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
