using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using ForegSyte.Hosting.Errors;
using ForegSyte.Protocol.Json;
using ForegSyte.Protocol.Text;
using ForegSyte.V1;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Google.Protobuf.WellKnownTypes;

namespace ForegSyte.Hosting.Http;

/// <summary>
/// Collects the fields of a request from path, query and JSON body, by proto name or lowerCamelCase. Unknown and
/// duplicate fields are errors that name the field; only a field of the path may have the same value in the body.
/// </summary>
internal sealed partial class RequestFields(MessageDescriptor type)
{
    private const int MaxDepth = 16;

    /// <summary>The field with conditions in the requests of lists.</summary>
    private const string FilterField = "filter";

    /// <summary>Fields that an error lists; it refers to the document for more.</summary>
    private const int MaxNamedFields = 8;

    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = MaxDepth };

    private readonly JsonObject _fields = [];
    private readonly HashSet<JsonNode> _pathVariables = [];

    /// <summary>Adds the fields of a JSON object.</summary>
    /// <param name="json">The object.</param>
    /// <param name="body">The message of the request that the object is; null if it is the request itself.</param>
    /// <exception cref="ServiceException">MALFORMED_REQUEST or INVALID_FIELD.</exception>
    public void AddJson(ReadOnlySpan<byte> json, FieldDescriptor? body = null)
    {
        try
        {
            RefuseDuplicates(json, body is null ? "" : body.Name + ".");
            if (JsonNode.Parse(json, nodeOptions: null, Strict) is not JsonObject fields)
            {
                throw Malformed(
                    $"The body must be a JSON object with the fields of {(body is null ? "the request" : body.Name)}.");
            }

            if (body is null)
            {
                AddAll(_fields, type, fields, prefix: "");
            }
            else
            {
                AddAll(ObjectOf(_fields, body), body.MessageType, fields, body.Name + ".");
            }
        }
        catch (JsonException failure)
        {
            // The parser counts from 0.
            var line = $"{failure.LineNumber + 1}";
            var position = $"{failure.BytePositionInLine + 1}";
            throw new ServiceException(
                ErrorReason.MalformedRequest,
                $"The body is not valid JSON of at most {MaxDepth} levels: the error is in line {line} at byte "
                + $"{position}.",
                failure)
            {
                Metadata = new Dictionary<string, string> { ["line"] = line, ["byte"] = position },
            };
        }
        catch (InvalidOperationException failure)
        {
            throw Malformed("The body has a text that is not valid Unicode.", failure);
        }
    }

    /// <summary>Adds a variable of the path, which the body may repeat.</summary>
    /// <exception cref="ServiceException">INVALID_FIELD.</exception>
    public void AddPathVariable(string path, string value) => _pathVariables.Add(AddText(path, value));

    /// <summary>Adds a field of the query; nested fields by path, for example options.frame_stride.</summary>
    /// <returns>The value.</returns>
    /// <exception cref="ServiceException">INVALID_FIELD.</exception>
    public JsonNode AddText(string path, string value)
    {
        var target = _fields;
        var message = type;
        var names = path.Split('.');
        foreach (var name in names[..^1])
        {
            var field = FieldOf(message, name, path);
            RefuseMap(field, path);
            if (!IsPlainMessage(field))
            {
                throw Unknown(message, name, path);
            }

            message = field.MessageType;
            target = ObjectOf(target, field);
        }

        var last = names.Length == 1 && Find(message, path) is null
            ? throw Unknown(message, path, path, value)
            : FieldOf(message, names[^1], path);
        RefuseMap(last, path);
        var node = FromText(last, value);
        Add(target, message, last.Name, node, path);
        return node;
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
        if (target.TryGetPropertyValue(field.Name, out var existing))
        {
            if (!_pathVariables.Contains(existing!))
            {
                throw Twice(path);
            }

            if (!JsonNode.DeepEquals(existing, value))
            {
                throw Invalid(path, "has another value in the body than in the path.");
            }

            return;
        }

        if (IsPlainMessage(field) && value is JsonObject nested)
        {
            JsonObject inner = [];
            target[field.Name] = inner;
            AddAll(inner, field.MessageType, nested, path + ".");
            return;
        }

        if (IsFieldMask(field) && value.GetValueKind() == JsonValueKind.String)
        {
            value = JsonValue.Create(ToLowerCamel(value.GetValue<string>()));
        }

        // Parsed alone, so that the error can name the field.
        var alone = new JsonObject { [field.Name] = value };
        if (Parse(message, alone) is null)
        {
            throw field.IsMap && value is JsonObject map
                ? WrongEntry(message, field, map, path)
                : Invalid(path, $"must be {Kind(field)}.");
        }

        alone.Remove(field.Name);
        target[field.Name] = value;
    }

    /// <summary>The error that names the first wrong entry of a map.</summary>
    private static ServiceException WrongEntry(
        MessageDescriptor message, FieldDescriptor field, JsonObject map, string path)
    {
        var wrong = map.FirstOrDefault(entry => Parse(
            message,
            new JsonObject { [field.Name] = new JsonObject { [entry.Key] = entry.Value?.DeepClone() } }) is null);
        return wrong.Key is null
            ? Invalid(path, $"must be {Kind(field)}.")
            : Invalid($"{path}.{wrong.Key}", $"must be {Kind(field.MessageType.FindFieldByName("value"))}.");
    }

    /// <summary>
    /// Refuses an object that has a name twice; a JSON object that is parsed already does not tell the path of it.
    /// </summary>
    private static void RefuseDuplicates(ReadOnlySpan<byte> json, string prefix)
    {
        var objects = new Stack<(string Prefix, HashSet<string> Names)>();
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = MaxDepth });
        var next = prefix;
        while (reader.Read())
        {
            switch (reader.TokenType)
            {
                case JsonTokenType.StartObject:
                    objects.Push((next, []));
                    break;
                case JsonTokenType.EndObject:
                    objects.Pop();
                    break;
                case JsonTokenType.PropertyName:
                    var (parent, names) = objects.Peek();
                    var name = reader.GetString()!;
                    if (!names.Add(name))
                    {
                        throw Twice(parent + name);
                    }

                    next = $"{parent}{name}.";
                    break;
            }
        }
    }

    /// <summary>The JSON value of a text: an enum by its number or name, true or false, or a text.</summary>
    private static JsonValue FromText(FieldDescriptor field, string value) => field.FieldType switch
    {
        FieldType.Bool when value is "true" or "false" => JsonValue.Create(value == "true"),
        FieldType.Enum when int.TryParse(
            value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) =>
            JsonValue.Create(number),
        _ => JsonValue.Create(value),
    };

    private static JsonObject ObjectOf(JsonObject target, FieldDescriptor field)
    {
        if (target[field.Name] is not JsonObject nested)
        {
            target[field.Name] = nested = [];
        }

        return nested;
    }

    private static FieldDescriptor FieldOf(MessageDescriptor message, string name, string path) =>
        Find(message, name) ?? throw Unknown(message, name, path);

    private static FieldDescriptor? Find(MessageDescriptor message, string name) =>
        message.Fields.InFieldNumberOrder().FirstOrDefault(field => field.Name == name || field.JsonName == name);

    /// <summary>
    /// The error for a field that does not exist. Where a request has a filter, a condition of the query may have been
    /// meant, such as status=FAILED.
    /// </summary>
    private static ServiceException Unknown(
        MessageDescriptor message, string name, string path, string? condition = null)
    {
        var known = message.Fields.InFieldNumberOrder().Select(field => field.Name).ToList();
        var question = NearestNames.Question(name, known);
        var where = message.FindFieldByName(path.Split('.')[0]) is null ? "this request" : "that message";
        var advice = known.Count is 0 or > MaxNamedFields
            ? "; /openapi.json lists its fields."
            : $"; it has {string.Join(", ", known)}.";
        if (question.Length == 0 && condition is not null && known.Contains(FilterField) && Condition().IsMatch(name))
        {
            var value = Condition().IsMatch(condition) ? condition : "\"VALUE\"";
            advice += $" To select by it, use filter={name}={value}, percent-encoded where necessary.";
        }

        return Invalid(
            path.Length == 0 ? "\"\"" : path,
            $"is not a field of {where}{advice}{question}");
    }

    private static ServiceException Twice(string path) => Invalid(path, "must not be in the request twice.");

    /// <summary>An error whose message starts with the name of the field.</summary>
    private static ServiceException Invalid(string path, string problem)
    {
        var field = ServiceException.Shorten(path);
        return ServiceException.InvalidField(field, $"{field} {problem}");
    }

    private static void RefuseMap(FieldDescriptor field, string path)
    {
        if (field.IsMap)
        {
            throw Invalid(
                path,
                "is a map and cannot be in the query. Send it in a JSON body; /openapi.json lists the paths that take "
                + "one.");
        }
    }

    private static bool IsFieldMask(FieldDescriptor field) =>
        field.FieldType == FieldType.Message && field.MessageType == FieldMask.Descriptor;

    /// <summary>
    /// The paths of a field mask as canonical JSON has them. Callers know the proto names, as everywhere here.
    /// </summary>
    private static string ToLowerCamel(string paths) =>
        Underscore().Replace(paths, match => match.Groups[1].Value.ToUpperInvariant());

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
        _ when field.IsMap => "a JSON object with a value for each key",
        _ when field.IsRepeated => "a JSON list",
        FieldType.String => "a text",
        FieldType.Bytes => "base64",
        FieldType.Bool => "true or false",
        FieldType.Double or FieldType.Float => "a number",
        FieldType.Enum => $"one of {string.Join(", ", field.EnumType.Values.Select(value => value.Name))}",
        FieldType.Message when field.MessageType == Duration.Descriptor => "a duration in seconds, such as 2.5s",
        FieldType.Message when field.MessageType == Timestamp.Descriptor => "a time, such as 2026-01-31T00:00:00Z",
        FieldType.Message when IsFieldMask(field) => "names of fields, separated by commas",
        FieldType.Message => "a JSON object",
        _ => $"a whole number ({field.FieldType.ToString().ToLowerInvariant()})",
    };

    private static ServiceException Malformed(string message, Exception? cause = null) =>
        new(ErrorReason.MalformedRequest, message, cause);

    /// <summary>A name or a value that needs no quotes in a filter and in a query.</summary>
    [GeneratedRegex(@"^[A-Za-z0-9_]{1,40}\z")]
    private static partial Regex Condition();

    [GeneratedRegex("_([a-z])")]
    private static partial Regex Underscore();
}
