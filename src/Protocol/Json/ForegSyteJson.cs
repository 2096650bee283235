using Google.Protobuf;
using Google.Protobuf.Reflection;
using Google.Rpc;

namespace ForegSyte.Protocol.Json;

/// <summary>
/// The JSON form of ForegSyte's messages: canonical proto3 JSON with proto field names and zero values.
/// </summary>
public static class ForegSyteJson
{
    /// <summary>The details of errors, which are google.protobuf.Any.</summary>
    public static readonly TypeRegistry ErrorDetails = TypeRegistry.FromFiles(ErrorDetailsReflection.Descriptor);

    /// <summary>Formats a message on one line.</summary>
    public static readonly JsonFormatter Formatter = new(
        JsonFormatter.Settings.Default.WithPreserveProtoFieldNames(true).WithFormatDefaultValues(true)
            .WithTypeRegistry(ErrorDetails));

    /// <summary>Formats a message with indentation, for people.</summary>
    public static readonly JsonFormatter IndentedFormatter = new(
        JsonFormatter.Settings.Default.WithPreserveProtoFieldNames(true).WithFormatDefaultValues(true)
            .WithTypeRegistry(ErrorDetails).WithIndentation());

    /// <summary>Parses messages of this and newer versions; unknown fields are ignored.</summary>
    public static readonly JsonParser Parser = new(
        JsonParser.Settings.Default.WithIgnoreUnknownFields(true).WithTypeRegistry(ErrorDetails));

    /// <summary>
    /// Parses files that people write; an unknown field is an error, because it is probably misspelt.
    /// </summary>
    public static readonly JsonParser StrictParser = new(JsonParser.Settings.Default.WithTypeRegistry(ErrorDetails));
}
