using ForegSyte.Protocol.Errors;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;

namespace ForegSyte.Hosting.Errors;

/// <summary>Creates the google.rpc.Status of a failure (AIP-193).</summary>
public static class RichStatus
{
    /// <summary>Creates the status: ErrorInfo first, then the other details.</summary>
    public static Google.Rpc.Status From(ServiceException failure)
    {
        var code = ErrorReasonTable.Of(failure.Reason).Code;
        var status = new Google.Rpc.Status { Code = (int)code, Message = failure.Message };
        var info = new ErrorInfo { Domain = ErrorReasons.Domain, Reason = failure.ReasonText };
        foreach (var (key, value) in failure.Metadata)
        {
            info.Metadata[key] = value;
        }

        Add(status, info);
        if (failure.FieldViolations.Count > 0)
        {
            Add(status, new BadRequest
            {
                FieldViolations =
                {
                    failure.FieldViolations.Select(violation => new BadRequest.Types.FieldViolation
                    {
                        Field = violation.Field,
                        Description = violation.Description,
                        Reason = failure.ReasonText,
                    }),
                },
            });
        }

        if (failure.Resource is var (type, name))
        {
            Add(status, new ResourceInfo { ResourceType = type, ResourceName = name, Description = failure.Message });
        }

        if (failure.Quota is var (subject, description))
        {
            var violation = new QuotaFailure.Types.Violation { Subject = subject, Description = description };
            Add(status, new QuotaFailure { Violations = { violation } });
        }

        if (failure.RetryAfter is { } delay)
        {
            Add(status, new RetryInfo { RetryDelay = delay.ToDuration() });
        }

        if (failure.LastWords.Length > 0)
        {
            Add(status, new DebugInfo { Detail = failure.LastWords });
        }

        return status;
    }

    private static void Add(Google.Rpc.Status status, IMessage detail) => status.Details.Add(Any.Pack(detail));
}
