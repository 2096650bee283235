using System.Text.Json.Nodes;
using ForegSyte.Protocol.Errors;

namespace ForegSyte.OpenApi;

/// <summary>The components section: schemas, security schemes, the timeout header and the error format.</summary>
internal static class ApiComponents
{
    /// <summary>Name of the schema of every error response.</summary>
    public const string Error = "Error";

    /// <summary>Builds the section. Call it after all operations, which collect the schemas.</summary>
    public static JsonObject Make(SchemaSet schemas)
    {
        var all = schemas.ToJson();
        all[Error] = ErrorSchema();
        all[SchemaSet.ErrorDetail] = ErrorDetail();
        return new JsonObject
        {
            ["schemas"] = all,
            ["parameters"] = new JsonObject { ["Timeout"] = Timeout() },
            ["headers"] = new JsonObject { ["RetryAfter"] = RetryAfter() },
            ["securitySchemes"] = new JsonObject
            {
                ["apiKey"] = new JsonObject
                {
                    ["type"] = "apiKey",
                    ["in"] = "header",
                    ["name"] = "x-api-key",
                    ["description"] = "An API key made by `JobService keys new`.",
                },
                ["bearer"] = new JsonObject
                {
                    ["type"] = "http",
                    ["scheme"] = "bearer",
                    ["description"] = "A JSON Web Token of the configured issuer, or an API key.",
                },
            },
        };
    }

    private static JsonObject Timeout() => new()
    {
        ["name"] = "grpc-timeout",
        ["in"] = "header",
        ["description"] =
            "The timeout of the call in gRPC format: up to eight digits and a unit, H, M, S, m, u or n (hours to "
            + "nanoseconds). An expired timeout is status 504.",
        ["schema"] = new JsonObject { ["type"] = "string", ["pattern"] = @"^\d{1,8}[HMSmun]$" },
        ["example"] = "30S",
    };

    private static JsonObject RetryAfter() => new()
    {
        ["description"] = "Seconds to wait before a retry (google.rpc.RetryInfo).",
        ["schema"] = new JsonObject { ["type"] = "integer", ["minimum"] = 1 },
    };

    private static JsonObject ErrorSchema() => new()
    {
        ["type"] = "object",
        ["description"] = "The format of every error (AIP-193).",
        ["required"] = new JsonArray("error"),
        ["properties"] = new JsonObject
        {
            ["error"] = new JsonObject
            {
                ["type"] = "object",
                ["required"] = new JsonArray("code", "message", "status", "details"),
                ["properties"] = new JsonObject
                {
                    ["code"] = new JsonObject
                    {
                        ["type"] = "integer",
                        ["format"] = "int32",
                        ["description"] = "HTTP status of the response.",
                        ["examples"] = new JsonArray(404),
                    },
                    ["message"] = new JsonObject { ["type"] = "string", ["description"] = "The error for people." },
                    ["status"] = Text("NOT_FOUND", "Name of the gRPC status code (google.rpc.Code)."),
                    ["details"] = new JsonObject
                    {
                        ["type"] = "array",
                        ["description"] =
                            "One google.rpc.ErrorInfo, whose reason is one of /v1/errorReasons; BadRequest, "
                            + "RetryInfo, ResourceInfo and QuotaFailure where they apply.",
                        ["items"] = SchemaSet.ReferenceTo(SchemaSet.ErrorDetail),
                    },
                },
            },
        },
    };

    private static JsonObject ErrorDetail() => new()
    {
        ["type"] = "object",
        ["description"] =
            "A detail of an error: a message of google/rpc/error_details.proto with its type. The other properties "
            + "here are those of google.rpc.ErrorInfo, which every error has.",
        ["required"] = new JsonArray("@type"),
        ["properties"] = new JsonObject
        {
            ["@type"] = Text("type.googleapis.com/google.rpc.ErrorInfo", "The type of the detail."),
            ["reason"] = Text("JOB_NOT_FOUND", "One of /v1/errorReasons."),
            ["domain"] = Text(ErrorReasons.Domain, $"Always {ErrorReasons.Domain}."),
            ["metadata"] = new JsonObject
            {
                ["type"] = "object",
                ["description"] = "The variable parts of the message.",
                ["additionalProperties"] = new JsonObject { ["type"] = "string" },
            },
        },
        ["additionalProperties"] = true,
    };

    private static JsonObject Text(string example, string description) => new()
    {
        ["type"] = "string",
        ["description"] = description,
        ["examples"] = new JsonArray(example),
    };
}
