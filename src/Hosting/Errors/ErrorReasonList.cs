using ForegSyte.Protocol.Errors;
using ForegSyte.V1;

namespace ForegSyte.Hosting.Errors;

/// <summary>The table of reasons as ListErrorReasons answers it.</summary>
public static class ErrorReasonList
{
    /// <summary>All reasons in the order of their numbers.</summary>
    public static IReadOnlyList<ErrorReasonInfo> All { get; } = [.. ErrorReasonTable.All.Select(ToMessage)];

    private static ErrorReasonInfo ToMessage(ErrorReasonEntry entry) => new()
    {
        Reason = entry.Reason,
        Name = entry.Reason.ToText(),
        Code = (int)entry.Code,
        Retryable = entry.IsRetryable,
        Description = entry.Reason.Describe(),
        WhatToDo = entry.WhatToDo,
    };
}
