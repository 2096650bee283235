using Google.Protobuf;

namespace ForegSyte.Protocol.Json;

/// <summary>
/// The one JSON form of ForegSyte's messages: canonical proto3 JSON with the proto field names, zero values written.
/// </summary>
public static class ForegSyteJson
{
    /// <summary>Writes a message on one line.</summary>
    public static readonly JsonFormatter Formatter = new(
        JsonFormatter.Settings.Default.WithPreserveProtoFieldNames(true).WithFormatDefaultValues(true));

    /// <summary>Writes a message for people, indented.</summary>
    public static readonly JsonFormatter IndentedFormatter = new(
        JsonFormatter.Settings.Default.WithPreserveProtoFieldNames(true).WithFormatDefaultValues(true)
            .WithIndentation());

    /// <summary>Reads what a newer version wrote too: unknown fields are passed over.</summary>
    public static readonly JsonParser Parser = new(JsonParser.Settings.Default.WithIgnoreUnknownFields(true));

    /// <summary>
    /// Reads a file that people write: an unknown field is an error, since it is most likely a typing mistake.
    /// </summary>
    public static readonly JsonParser StrictParser = new(JsonParser.Settings.Default);
}
