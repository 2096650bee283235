using System.Text.Json.Nodes;

namespace ForegSyte.OpenApi;

/// <summary>The components section: schemas, security schemes, the timeout header and the error format.</summary>
internal static class ApiComponents
{
    /// <summary>Builds the section. Call it after all operations, which collect the schemas.</summary>
    public static JsonObject Make(SchemaSet schemas)
    {
        var all = schemas.ToJson();
        all["Status"] = Status();
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

    private static JsonObject Status() => new()
    {
        ["type"] = "object",
        ["description"] = "google.rpc.Status: the format of every error.",
        ["required"] = new JsonArray("code", "message", "details"),
        ["properties"] = new JsonObject
        {
            ["code"] = new JsonObject
            {
                ["type"] = "integer",
                ["format"] = "int32",
                ["description"] = "gRPC status code, a value of google.rpc.Code.",
            },
            ["message"] = new JsonObject { ["type"] = "string", ["description"] = "The error for people." },
            ["details"] = new JsonObject
            {
                ["type"] = "array",
                ["description"] =
                    "One google.rpc.ErrorInfo, whose reason is one of /v1/errorReasons; BadRequest, RetryInfo, "
                    + "ResourceInfo and QuotaFailure where they apply.",
                ["items"] = new JsonObject
                {
                    ["type"] = "object",
                    ["required"] = new JsonArray("@type"),
                    ["properties"] = new JsonObject
                    {
                        ["@type"] = Text("type.googleapis.com/google.rpc.ErrorInfo"),
                        ["reason"] = Text("JOB_NOT_FOUND"),
                        ["domain"] = Text("foregsyte"),
                        ["metadata"] = new JsonObject
                        {
                            ["type"] = "object",
                            ["additionalProperties"] = new JsonObject { ["type"] = "string" },
                        },
                    },
                },
            },
        },
    };

    private static JsonObject Text(string example) =>
        new() { ["type"] = "string", ["examples"] = new JsonArray(example) };
}
