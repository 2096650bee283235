using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using ForegSyte.Hosting.Http;
using Google.Protobuf.Reflection;

namespace ForegSyte.OpenApi;

/// <summary>The OpenAPI document of the contracts (OpenAPI 3.1.1).</summary>
internal static class ApiDocument
{
    private static readonly JsonSerializerOptions Format = new()
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>Builds the document as indented JSON.</summary>
    /// <param name="files">The contracts, with comments.</param>
    public static string Make(IReadOnlyList<FileDescriptor> files)
    {
        var services = files.SelectMany(file => file.Services).Where(service => HttpRoute.Of(service).Any()).ToList();
        var schemas = new SchemaSet();
        var document = new JsonObject
        {
            ["openapi"] = "3.1.1",
            ["info"] = Info(),
            ["servers"] = new JsonArray(new JsonObject
            {
                ["url"] = "/",
                ["description"] = "The server that serves this document (option Listen:HttpPort).",
            }),
            ["security"] = new JsonArray(
                new JsonObject(), new JsonObject { ["apiKey"] = new JsonArray() },
                new JsonObject { ["bearer"] = new JsonArray() }),
            ["tags"] = new JsonArray([.. services.Select(service => Tag(service.Name, CommentText.Of(service)))
                .Append(Tag(ApiOperation.HealthTag, "grpc.health.v1, for load balancers."))]),
            ["paths"] = Paths(services, schemas),
            ["components"] = ApiComponents.Make(schemas),
        };
        return document.ToJsonString(Format) + "\n";
    }

    /// <summary>
    /// The path of a route. A variable has the name of its field without the message around it ("job_id" of
    /// "job.job_id"), because paths that differ only in the names of variables are one path.
    /// </summary>
    public static string PathOf(HttpRoute route) => route.Path.Variables.Aggregate(
        route.Path.ToString(),
        (path, name) => path.Replace($"{{{name}}}", $"{{{VariableOf(name)}}}", StringComparison.Ordinal));

    /// <summary>The name of a path variable: the last part of the field's path.</summary>
    public static string VariableOf(string field) => field[(field.LastIndexOf('.') + 1)..];

    private static JsonObject Info() => new()
    {
        ["title"] = "ForegSyte",
        ["version"] = "v1",
        ["summary"] = "Detects objects and reads text in videos.",
        ["description"] =
            "The unary methods of the gRPC package foregsyte.v1 over HTTP with JSON, with the same authentication, "
            + "limits and errors. Names are the proto names; requests may also use lowerCamelCase. Responses also "
            + "have the fields with default values. Generated from the protos by eng/openapi.sh.",
        ["license"] = new JsonObject { ["name"] = "Apache-2.0", ["identifier"] = "Apache-2.0" },
    };

    private static JsonObject Tag(string name, string description) =>
        new() { ["name"] = name, ["description"] = description };

    private static JsonObject Paths(IEnumerable<ServiceDescriptor> services, SchemaSet schemas)
    {
        JsonObject paths = [];
        foreach (var method in services.SelectMany(HttpRoute.Of).GroupBy(route => route.Method.FullName))
        {
            foreach (var (index, route) in method.Index())
            {
                var path = PathOf(route);
                if (paths[path] is not JsonObject operations)
                {
                    paths[path] = operations = [];
                }

                operations[route.Verb.ToLowerInvariant()] = ApiOperation.Of(route, isMain: index == 0, schemas);
            }
        }

        paths[HttpRoutes.HealthPath] = new JsonObject { ["get"] = ApiOperation.Health(schemas) };
        return paths;
    }
}
