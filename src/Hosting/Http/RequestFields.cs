using System.Text.Json;
using System.Text.Json.Nodes;
using ForegSyte.Hosting.Errors;
using ForegSyte.Protocol.Json;
using ForegSyte.V1;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Google.Protobuf.WellKnownTypes;

namespace ForegSyte.Hosting.Http;

/// <summary>
/// Collects the fields of a request from path, query and JSON body, by proto name or lowerCamelCase. Unknown and
/// duplicate fields are errors that name the field.
/// </summary>
internal sealed class RequestFields(MessageDescriptor type)
{
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 16 };

    private readonly JsonObject _fields = [];

    /// <summary>Adds the fields of a JSON object.</summary>
    /// <exception cref="ServiceException">MALFORMED_REQUEST or INVALID_FIELD.</exception>
    public void AddJson(ReadOnlySpan<byte> json)
    {
        try
        {
            if (JsonNode.Parse(json, nodeOptions: null, Strict) is not JsonObject fields)
            {
                throw Malformed("The body must be a JSON object with the fields of the request.");
            }

            AddAll(_fields, type, fields, prefix: "");
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException)
        {
            // The JSON parser throws the second for text that is not valid Unicode.
            throw Malformed("The body is not valid JSON, or has a duplicate field.", failure);
        }
    }

    /// <summary>Adds a field of the path or query; nested fields by path, for example options.frame_stride.</summary>
    /// <exception cref="ServiceException">INVALID_FIELD.</exception>
    public void AddText(string path, string value)
    {
        var target = _fields;
        var message = type;
        var names = path.Split('.');
        foreach (var name in names[..^1])
        {
            var field = FieldOf(message, name, path);
            if (!IsPlainMessage(field))
            {
                throw Unknown(path);
            }

            message = field.MessageType;
            if (target[field.Name] is not JsonObject nested)
            {
                target[field.Name] = nested = [];
            }

            target = nested;
        }

        Add(target, message, names[^1], JsonValue.Create(value), path);
    }

    /// <summary>Creates the request.</summary>
    /// <param name="elsewhere">A field that the raw body fills and that must not be present here.</param>
    /// <exception cref="ServiceException">INVALID_FIELD.</exception>
    public IMessage ToMessage(FieldDescriptor? elsewhere = null)
    {
        if (elsewhere is not null && _fields.ContainsKey(elsewhere.Name))
        {
            throw Twice(elsewhere.Name);
        }

        foreach (var group in type.Oneofs.Where(group => !group.IsSynthetic))
        {
            if (group.Fields.Count(field => field == elsewhere || _fields.ContainsKey(field.Name)) > 1)
            {
                throw ServiceException.InvalidField(
                    group.Name, $"Set only one of {string.Join(", ", group.Fields.Select(field => field.Name))}.");
            }
        }

        return Parse(type, _fields) ?? throw Malformed("The fields are not a valid request.");
    }

    private void AddAll(JsonObject target, MessageDescriptor message, JsonObject source, string prefix)
    {
        foreach (var (name, value) in source.ToList())
        {
            source.Remove(name);
            if (value is not null)
            {
                Add(target, message, name, value, prefix + name);
            }
        }
    }

    private void Add(JsonObject target, MessageDescriptor message, string name, JsonNode value, string path)
    {
        var field = FieldOf(message, name, path);
        if (target.ContainsKey(field.Name))
        {
            throw Twice(path);
        }

        if (IsPlainMessage(field) && value is JsonObject nested)
        {
            JsonObject inner = [];
            target[field.Name] = inner;
            AddAll(inner, field.MessageType, nested, path + ".");
            return;
        }

        // Parsed alone, so that the error can name the field.
        if (Parse(message, new JsonObject { [field.Name] = value }) is null)
        {
            throw ServiceException.InvalidField(
                ServiceException.Shorten(path), $"The value of this field must be {Kind(field)}.");
        }

        value.Parent!.AsObject().Remove(field.Name);
        target[field.Name] = value;
    }

    private static FieldDescriptor FieldOf(MessageDescriptor message, string name, string path) =>
        message.Fields.InFieldNumberOrder().FirstOrDefault(field => field.Name == name || field.JsonName == name)
        ?? throw Unknown(path);

    private static ServiceException Unknown(string path) => ServiceException.InvalidField(
        ServiceException.Shorten(path), "The request has no such field; /openapi.json lists its fields.");

    private static ServiceException Twice(string path) =>
        ServiceException.InvalidField(ServiceException.Shorten(path), "The request has this field twice.");

    private static bool IsPlainMessage(FieldDescriptor field) =>
        field is { FieldType: FieldType.Message, IsRepeated: false }
        && field.MessageType.File.Package != Duration.Descriptor.File.Package;

    /// <summary>Null if the fields are invalid; the parser's messages are not meant for callers.</summary>
    private static IMessage? Parse(MessageDescriptor message, JsonObject fields)
    {
        try
        {
            return ForegSyteJson.StrictParser.Parse(fields.ToJsonString(), message);
        }
        catch (Exception failure) when (failure is InvalidProtocolBufferException or InvalidJsonException
            or InvalidOperationException or FormatException)
        {
            return null;
        }
    }

    private static string Kind(FieldDescriptor field) => field.FieldType switch
    {
        FieldType.String => "a text",
        FieldType.Bytes => "base64",
        FieldType.Bool => "true or false",
        FieldType.Double or FieldType.Float => "a number",
        FieldType.Message when field.MessageType == Duration.Descriptor => "a duration in seconds, such as 2.5s",
        FieldType.Message => "a JSON object",
        _ => $"a whole number ({field.FieldType.ToString().ToLowerInvariant()})",
    };

    private static ServiceException Malformed(string message, Exception? cause = null) =>
        new(ErrorReason.MalformedRequest, message, cause);
}
