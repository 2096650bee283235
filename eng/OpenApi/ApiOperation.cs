using System.Text.Json.Nodes;
using ForegSyte.Hosting.Http;
using Google.Protobuf.Reflection;
using Grpc.Health.V1;

namespace ForegSyte.OpenApi;

/// <summary>Builds the OpenAPI operation of a route.</summary>
internal static class ApiOperation
{
    /// <summary>Tag of the health check.</summary>
    public const string HealthTag = "Health";

    private const string Json = "application/json";

    /// <summary>Builds the operation.</summary>
    /// <param name="route">The route.</param>
    /// <param name="isMain">Whether it is the method's main route; the id of another route contains its body field too.
    /// </param>
    /// <param name="schemas">Collects the schemas that the operation refers to.</param>
    public static JsonObject Of(HttpRoute route, bool isMain, SchemaSet schemas)
    {
        var comment = CommentText.Of(route.Method);
        var description = route.Download is { Description.Length: > 0 } described ? described.Description : comment;
        var operation = new JsonObject
        {
            ["operationId"] = isMain ? route.Method.Name
                : route.Download?.OperationId
                ?? $"{route.Method.Name}By{Capital(route.Body)}",
            ["summary"] = CommentText.FirstSentence(description),
            ["description"] = $"{description}\n\ngRPC method: `{route.GrpcPath}`.",
            ["tags"] = new JsonArray(route.Method.Service.Name),
            ["parameters"] = new JsonArray([.. ParametersOf(route, schemas)]),
        };
        if (BodyOf(route, schemas) is { } body)
        {
            operation["requestBody"] = body;
        }

        var successes = route.Download is { } download
            ? DownloadResponses(download)
            : [KeyValuePair.Create<string, JsonNode?>("200", Success(route.Method, schemas))];
        operation["responses"] = new JsonObject(
            successes.Concat(ErrorResponses.Of(comment)).OrderBy(pair => pair.Key, StringComparer.Ordinal));
        return operation;
    }

    /// <summary>The responses of a download that are not errors of the call (RFC 9110).</summary>
    private static IEnumerable<KeyValuePair<string, JsonNode?>> DownloadResponses(DownloadRoute download)
    {
        if (!download.HasRanges)
        {
            yield return new("200", Bytes(download, "The file.", "Content-Disposition"));
            yield break;
        }

        yield return new("200", Bytes(download, "The whole file.", "Accept-Ranges", "ETag", "Content-Disposition"));
        yield return new("206", Bytes(
            download, "The range of the file.", "Accept-Ranges", "Content-Range", "ETag", "Content-Disposition"));
        yield return new("304", Plain("The file is the one of If-None-Match."));
        yield return new("412", Plain("The file is not the one of If-Match."));
        yield return new("416", Plain("The range begins after the end of the file.", "Content-Range"));
    }

    private static JsonObject Bytes(DownloadRoute download, string description, params string[] headers)
    {
        var response = Plain(description, headers);
        response["content"] = new JsonObject(download.MediaTypes.Select(
            type => KeyValuePair.Create<string, JsonNode?>(type, new JsonObject())));
        return response;
    }

    private static JsonObject Plain(string description, params string[] headers)
    {
        var response = new JsonObject { ["description"] = description };
        if (headers.Length > 0)
        {
            response["headers"] = new JsonObject(headers.Select(name => KeyValuePair.Create<string, JsonNode?>(
                name, new JsonObject { ["schema"] = new JsonObject { ["type"] = "string" } })));
        }

        return response;
    }

    /// <summary>The health check, which is not part of the contracts.</summary>
    public static JsonObject Health(SchemaSet schemas)
    {
        var response = new JsonObject
        {
            ["description"] = "The service is serving.",
            ["content"] = Content(schemas.Reference(HealthCheckResponse.Descriptor)),
        };
        var notServing = response.DeepClone();
        notServing["description"] = "The service is starting or stopping.";
        return new JsonObject
        {
            ["operationId"] = "CheckHealth",
            ["summary"] = "Returns whether the service is serving",
            ["tags"] = new JsonArray(HealthTag),
            ["responses"] = new JsonObject(ErrorResponses.Of("")
                .Prepend(KeyValuePair.Create<string, JsonNode?>("200", response))
                .Where(pair => pair.Key is "200" or "401")
                .Append(KeyValuePair.Create<string, JsonNode?>("503", notServing))),
        };
    }

    private static IEnumerable<JsonNode> ParametersOf(HttpRoute route, SchemaSet schemas)
    {
        var input = route.Method.InputType;
        foreach (var name in route.Path.Variables)
        {
            var field = HttpRoute.FieldAt(input, name)!;
            yield return Parameter("path", ApiDocument.VariableOf(name), field, isRequired: true, schemas);
        }

        if (route.Download is { } download)
        {
            foreach (var parameter in download.Parameters)
            {
                yield return Parameter(parameter);
            }
        }

        if (route.Download is { HasRanges: true })
        {
            yield return Header("Range", "The part of the file, for example bytes=0-1023. One range; more mean all.");
            yield return Header("If-Range", "The ETag of an earlier part: another file is sent as a whole.");
        }
        else if (!route.IsDownload && !route.IsRequestInBody)
        {
            var leaves = input.Fields.InFieldNumberOrder()
                .Where(field => !IsElsewhere(field, route))
                .SelectMany(field => LeavesOf(field, prefix: ""));
            foreach (var (name, leaf) in leaves)
            {
                // A field of an optional message is required only with the message.
                var isRequired = leaf.ContainingType == input && SchemaSet.IsRequired(leaf);
                yield return Parameter("query", name, leaf, isRequired, schemas);
            }
        }

        yield return new JsonObject { ["$ref"] = "#/components/parameters/Timeout" };
    }

    /// <summary>A field as query parameters: nested fields have a dotted path; a map cannot be in a query.</summary>
    private static IEnumerable<(string Name, FieldDescriptor Field)> LeavesOf(FieldDescriptor field, string prefix)
    {
        if (field.IsMap)
        {
            return [];
        }

        return field.FieldType == FieldType.Message && field.MessageType.File.Package == field.File.Package
            ? field.MessageType.Fields.InFieldNumberOrder()
                .SelectMany(inner => LeavesOf(inner, $"{prefix}{field.Name}."))
            : [($"{prefix}{field.Name}", field)];
    }

    /// <summary>Whether a field is in the path or the body, or in the same oneof as the body.</summary>
    private static bool IsElsewhere(FieldDescriptor field, HttpRoute route) =>
        route.Path.Variables.Contains(field.Name)
        || field.Name == route.Body
        || (route.BodyField?.RealContainingOneof?.Fields.Any(other => other.Name == field.Name) ?? false);

    private static JsonObject Header(string name, string description) => new()
    {
        ["name"] = name,
        ["in"] = "header",
        ["description"] = description,
        ["schema"] = new JsonObject { ["type"] = "string" },
    };

    private static JsonObject Parameter(DownloadParameter parameter)
    {
        var text = new JsonObject { ["type"] = "string" };
        if (parameter.Values.Count > 0)
        {
            text["enum"] = new JsonArray([.. parameter.Values.Select(value => (JsonNode)value)]);
        }

        var described = new JsonObject
        {
            ["name"] = parameter.Name,
            ["in"] = "query",
            ["description"] = parameter.Description,
            ["schema"] = parameter.IsRepeated ? new JsonObject { ["type"] = "array", ["items"] = text } : text,
        };
        if (parameter.IsRequired)
        {
            described["required"] = true;
        }

        return described;
    }

    private static JsonObject Parameter(
        string place, string name, FieldDescriptor field, bool isRequired, SchemaSet schemas)
    {
        var parameter = new JsonObject
        {
            ["name"] = name,
            ["in"] = place,
            ["description"] = CommentText.Of(field),
            ["schema"] = schemas.Of(field),
        };
        if (isRequired)
        {
            parameter["required"] = true;
        }

        return parameter;
    }

    private static JsonObject? BodyOf(HttpRoute route, SchemaSet schemas)
    {
        if (route.BytesField is { } bytes)
        {
            return new JsonObject
            {
                ["description"] = CommentText.Of(bytes),
                ["required"] = true,
                ["content"] = new JsonObject { ["application/octet-stream"] = new JsonObject() },
            };
        }

        if (route.BodyField is { } body)
        {
            return new JsonObject
            {
                ["description"] = CommentText.Of(body),
                ["required"] = SchemaSet.IsRequired(body),
                ["content"] = Content(schemas.Reference(body.MessageType)),
            };
        }

        var input = route.Method.InputType;
        var fields = input.Fields.InFieldNumberOrder()
            .Where(field => !route.Path.Variables.Contains(field.Name))
            .ToList();
        if (!route.IsRequestInBody || fields.Count == 0)
        {
            return null;
        }

        var schema = route.Path.Variables.Count == 0 ? schemas.Reference(input) : schemas.Of(input, fields);
        return new JsonObject { ["required"] = fields.Any(SchemaSet.IsRequired), ["content"] = Content(schema) };
    }

    private static JsonObject Success(MethodDescriptor method, SchemaSet schemas) => new()
    {
        ["description"] = CommentText.Of(method.OutputType),
        ["content"] = Content(schemas.Reference(method.OutputType)),
    };

    private static JsonObject Content(JsonObject schema) => new() { [Json] = new JsonObject { ["schema"] = schema } };

    private static string Capital(string name) => char.ToUpperInvariant(name[0]) + name[1..];
}
