using System.Text.Json.Nodes;
using Google.Api;
using Google.Protobuf.Reflection;
using Google.Protobuf.WellKnownTypes;

namespace ForegSyte.OpenApi;

/// <summary>
/// JSON Schemas of messages in canonical proto3 JSON with proto names. Referring to a message adds it and all messages
/// that it contains.
/// </summary>
internal sealed class SchemaSet
{
    /// <summary>Name of the schema of an error's details.</summary>
    public const string ErrorDetail = "ErrorDetail";

    private const string DurationPattern = @"^-?\d+(\.\d{1,9})?s$";

    private readonly SortedDictionary<string, JsonObject> _schemas = new(StringComparer.Ordinal);

    /// <summary>All collected schemas.</summary>
    public JsonObject ToJson() =>
        new(_schemas.Select(pair => KeyValuePair.Create<string, JsonNode?>(pair.Key, pair.Value)));

    /// <summary>A reference to the schema of a message.</summary>
    public JsonObject Reference(MessageDescriptor message)
    {
        if (_schemas.TryAdd(message.Name, []))
        {
            Describe(_schemas[message.Name], message, message.Fields.InFieldNumberOrder());
        }

        return ReferenceTo(message.Name);
    }

    /// <summary>A schema of some of a message's fields.</summary>
    public JsonObject Of(MessageDescriptor message, IEnumerable<FieldDescriptor> fields)
    {
        JsonObject schema = [];
        Describe(schema, message, fields);
        return schema;
    }

    /// <summary>The schema of a field.</summary>
    public JsonObject Of(FieldDescriptor field)
    {
        if (field.IsMap)
        {
            return new JsonObject
            {
                ["type"] = "object",
                ["additionalProperties"] = OfOne(field.MessageType.FindFieldByName("value")),
            };
        }

        return field.IsRepeated ? new JsonObject { ["type"] = "array", ["items"] = OfOne(field) } : OfOne(field);
    }

    /// <summary>Whether a request must have a field (AIP-203).</summary>
    public static bool IsRequired(FieldDescriptor field) => Has(field, FieldBehavior.Required);

    /// <summary>The schema of a field with its proto comment and behavior.</summary>
    public JsonObject Described(FieldDescriptor field)
    {
        var schema = Of(field);
        if (Has(field, FieldBehavior.OutputOnly))
        {
            schema["readOnly"] = true;
        }

        if (CommentText.Of(field) is { Length: > 0 } comment)
        {
            schema["description"] = comment;
        }

        return schema;
    }

    private void Describe(JsonObject schema, MessageDescriptor message, IEnumerable<FieldDescriptor> fields)
    {
        schema["type"] = "object";
        if (CommentText.Of(message) is { Length: > 0 } comment)
        {
            schema["description"] = comment;
        }

        var all = fields.ToList();
        if (all.Where(IsRequired).Select(field => JsonValue.Create(field.Name)).ToArray() is { Length: > 0 } required)
        {
            schema["required"] = new JsonArray(required);
        }

        schema["properties"] = new JsonObject(
            all.Select(field => KeyValuePair.Create<string, JsonNode?>(field.Name, Described(field))));
    }

    private JsonObject OfOne(FieldDescriptor field) => field.FieldType switch
    {
        FieldType.Message => OfMessage(field.MessageType),
        FieldType.Enum => OfEnum(field.EnumType),
        FieldType.String => Type("string"),
        FieldType.Bytes => new JsonObject { ["type"] = "string", ["contentEncoding"] = "base64" },
        FieldType.Bool => Type("boolean"),
        FieldType.Double => Type("number", "double"),
        FieldType.Float => Type("number", "float"),
        FieldType.Int32 or FieldType.SInt32 or FieldType.SFixed32 => Type("integer", "int32"),
        FieldType.UInt32 or FieldType.Fixed32 =>
            new JsonObject
            {
                ["type"] = "integer",
                ["format"] = "uint32",
                ["minimum"] = 0,
                ["maximum"] = uint.MaxValue,
            },

        // proto3 JSON writes 64-bit numbers as strings, because JavaScript numbers cannot hold them.
        FieldType.Int64 or FieldType.SInt64 or FieldType.SFixed64 => Type("string", "int64"),
        FieldType.UInt64 or FieldType.Fixed64 => Type("string", "uint64"),
        _ => throw new ArgumentException($"{field.FullName} has a type that this generator does not support."),
    };

    private JsonObject OfMessage(MessageDescriptor message) => message.FullName switch
    {
        _ when message.FullName == Duration.Descriptor.FullName =>
            new JsonObject { ["type"] = "string", ["pattern"] = DurationPattern },
        _ when message.FullName == Timestamp.Descriptor.FullName => Type("string", "date-time"),

        // Proto names or lowerCamelCase, separated by commas.
        _ when message.FullName == FieldMask.Descriptor.FullName => Type("string"),

        // The only Any of the contracts are the details of google.rpc.Status.
        _ when message.FullName == Any.Descriptor.FullName => ReferenceTo(ErrorDetail),
        _ => Reference(message),
    };

    private JsonObject OfEnum(EnumDescriptor type)
    {
        if (_schemas.TryAdd(type.Name, []))
        {
            var schema = _schemas[type.Name];
            schema["type"] = "string";
            if (CommentText.Of(type) is { Length: > 0 } comment)
            {
                var values = type.Values.Select(value => $"- `{value.Name}`: {CommentText.Of(value)}");
                schema["description"] = $"{comment}\n\n{string.Join('\n', values)}";
            }

            schema["enum"] = new JsonArray([.. type.Values.Select(value => JsonValue.Create(value.Name))]);
        }

        return ReferenceTo(type.Name);
    }

    private static bool Has(FieldDescriptor field, FieldBehavior behavior) =>
        field.GetOptions()?.GetExtension(FieldBehaviorExtensions.FieldBehavior)?.Contains(behavior) ?? false;

    /// <summary>A reference to a schema.</summary>
    public static JsonObject ReferenceTo(string name) => new() { ["$ref"] = $"#/components/schemas/{name}" };

    private static JsonObject Type(string type, string? format = null)
    {
        var schema = new JsonObject { ["type"] = type };
        if (format is not null)
        {
            schema["format"] = format;
        }

        return schema;
    }
}
