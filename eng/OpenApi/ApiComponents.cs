using System.Text.Json.Nodes;

namespace ForegSyte.OpenApi;

/// <summary>What operations refer to: schemas, credentials, the deadline, and the form of errors.</summary>
internal static class ApiComponents
{
    /// <summary>Makes the part; call it when all operations are made.</summary>
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
                    ["description"] = "A key that `JobService keys new` made.",
                },
                ["bearer"] = new JsonObject
                {
                    ["type"] = "http",
                    ["scheme"] = "bearer",
                    ["description"] = "A JSON Web Token of the server's issuer, or an API key.",
                },
            },
        };
    }

    private static JsonObject Timeout() => new()
    {
        ["name"] = "grpc-timeout",
        ["in"] = "header",
        ["description"] =
            "The deadline of the call, as gRPC has it: up to eight digits and a unit, H, M, S, m, u or n (hours to "
            + "nanoseconds). Past it the answer is 504.",
        ["schema"] = new JsonObject { ["type"] = "string", ["pattern"] = @"^\d{1,8}[HMSmun]$" },
        ["example"] = "30S",
    };

    private static JsonObject RetryAfter() => new()
    {
        ["description"] = "Seconds after which the call may be repeated, where the error tells (google.rpc.RetryInfo).",
        ["schema"] = new JsonObject { ["type"] = "integer", ["minimum"] = 1 },
    };

    private static JsonObject Status() => new()
    {
        ["type"] = "object",
        ["description"] = "google.rpc.Status: the form of every error.",
        ["required"] = new JsonArray("code", "message", "details"),
        ["properties"] = new JsonObject
        {
            ["code"] = new JsonObject
            {
                ["type"] = "integer",
                ["format"] = "int32",
                ["description"] = "The status code of gRPC, a value of google.rpc.Code.",
            },
            ["message"] = new JsonObject { ["type"] = "string", ["description"] = "What is wrong, for people." },
            ["details"] = new JsonObject
            {
                ["type"] = "array",
                ["description"] =
                    "One google.rpc.ErrorInfo, whose reason is one of /v1/errorReasons; BadRequest, RetryInfo, "
                    + "ResourceInfo and QuotaFailure where they fit.",
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
