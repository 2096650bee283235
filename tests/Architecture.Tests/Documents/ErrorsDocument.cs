using System.Text;
using ForegSyte.Hosting.Errors;
using ForegSyte.Protocol.Errors;
using ForegSyte.V1;
using Google.Protobuf.Reflection;

namespace ForegSyte.Architecture.Tests.Documents;

/// <summary>Makes docs/errors.md from the table of reasons and from the tests that reach them.</summary>
internal static class ErrorsDocument
{
    private const string Head =
        """
        <!-- Made from the code by `make docs`; a test compares it. -->
        # Errors

        Every error of both services is a gRPC status whose trailer `grpc-status-details-bin` holds a
        `google.rpc.Status` with exactly one `google.rpc.ErrorInfo`: domain `foregsyte`, a reason of this list, and in
        its metadata every value that changes in the message, so that programs never have to read messages. Where an
        operator's limit was passed, the metadata has its name as `option` and its value as `limit`. Beside it
        stand, where they fit, `BadRequest` (the field that is wrong), `RetryInfo` (when to come back), `ResourceInfo`
        (what is not there) and `QuotaFailure` (which quota). The RPC `ListErrorReasons` of the JobService answers the
        same list.

        *Again* says whether the same call may succeed later as it is. Reasons of a job that failed, and of its
        attempts, are in `Job.error_info` and `Attempt.error_reason`. What is unexpected is INTERNAL: the caller gets
        an `errorId`, the log has the cause under it, and no text of an exception and no path of the server leaves the
        service.

        The names and numbers are in [errors.proto](../protos/foregsyte/v1/errors.proto). Each reason is reached by a
        test over a real socket, which decodes the details from the trailers.


        """;

    private static readonly EnumDescriptor Codes =
        Google.Rpc.CodeReflection.Descriptor.FindTypeByName<EnumDescriptor>("Code");

    /// <summary>The whole text.</summary>
    public static string Make(ILookup<ErrorReason, string> tests)
    {
        var text = new StringBuilder(Head);
        text.Append(MadeDocument.Row("reason", "code", "again", "meaning", "what to do", "reached by"));
        text.Append(MadeDocument.Row("---", "---", "---", "---", "---", "---"));
        foreach (var entry in ErrorReasonTable.All)
        {
            text.Append(MadeDocument.Row(
                $"`{entry.Reason.ToText()}`",
                Codes.FindValueByNumber((int)entry.Code).Name,
                entry.IsRetryable ? "yes" : "no",
                entry.Reason.Describe(),
                entry.WhatToDo,
                tests[entry.Reason].Order(StringComparer.Ordinal).FirstOrDefault() is { } test ? $"`{test}`" : ""));
        }

        return text.ToString();
    }
}
