using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using ForegSyte.Hosting.Http;
using ForegSyte.Protocol.Errors;
using ForegSyte.V1;

namespace ForegSyte.OpenApi;

/// <summary>
/// The error responses of a method by HTTP status: the reasons in its comment and those of every method.
/// </summary>
internal static partial class ErrorResponses
{
    /// <summary>Errors of every method, from the comments of the services or from HTTP.</summary>
    private static readonly ErrorReason[] Common =
    [
        ErrorReason.MalformedRequest, ErrorReason.InvalidField, ErrorReason.MessageTooLarge,
        ErrorReason.Unauthenticated, ErrorReason.PermissionDenied, ErrorReason.RateLimited, ErrorReason.TooManyCalls,
        ErrorReason.DeadlineExceeded, ErrorReason.ShuttingDown, ErrorReason.Internal,
    ];

    private static readonly Dictionary<string, ErrorReason> ByName =
        ErrorReasonTable.All.ToDictionary(entry => entry.Reason.ToText(), entry => entry.Reason);

    /// <summary>The error responses of a method.</summary>
    /// <param name="comment">The method's proto comment.</param>
    public static IEnumerable<KeyValuePair<string, JsonNode?>> Of(string comment) =>
        from reason in ReasonsIn(comment).Concat(Common).Distinct()
        let status = HttpStatus.CodeOf(reason)
        group reason by status into reasons
        orderby reasons.Key
        select KeyValuePair.Create<string, JsonNode?>(
            reasons.Key.ToString(CultureInfo.InvariantCulture), Response(reasons.Key, reasons));

    private static IEnumerable<ErrorReason> ReasonsIn(string comment) =>
        from word in Words().Matches(comment)
        where ByName.ContainsKey(word.Value)
        select ByName[word.Value];

    private static JsonObject Response(int status, IEnumerable<ErrorReason> reasons)
    {
        var texts = reasons.OrderBy(reason => reason)
            .Select(reason => $"- `{reason.ToText()}`: {ErrorReasonTable.Of(reason).WhatToDo}");
        var response = new JsonObject
        {
            ["description"] = string.Join('\n', texts),
            ["content"] = new JsonObject
            {
                ["application/json"] = new JsonObject
                {
                    ["schema"] = new JsonObject { ["$ref"] = $"#/components/schemas/{ApiComponents.Error}" },
                },
            },
        };
        if (status is 429 or 503)
        {
            response["headers"] = new JsonObject
            {
                ["Retry-After"] = new JsonObject { ["$ref"] = "#/components/headers/RetryAfter" },
            };
        }

        return response;
    }

    [GeneratedRegex("[A-Z][A-Z0-9_]+[A-Z0-9]")]
    private static partial Regex Words();
}
