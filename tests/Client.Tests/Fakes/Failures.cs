using ForegSyte.Protocol.Errors;
using ForegSyte.V1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;

namespace ForegSyte.Client.Tests.Fakes;

/// <summary>Errors in the form in which a JobService sends them.</summary>
public static class Failures
{
    public static RpcException Unavailable { get; } = Of(
        StatusCode.Unavailable, ErrorReason.ShuttingDown, "The service is stopping.");

    public static RpcException JobNotFound { get; } = Of(
        StatusCode.NotFound, ErrorReason.JobNotFound, "There is no job 42.");

    public static RpcException WrongJobStatus { get; } = Of(
        StatusCode.FailedPrecondition, ErrorReason.WrongJobStatus, "The job is COMPLETED.");

    public static RpcException UploadNotFound { get; } = Of(
        StatusCode.NotFound, ErrorReason.UploadNotFound, "There is no such upload.");

    public static RpcException UploadBusy { get; } = Of(
        StatusCode.Aborted, ErrorReason.UploadBusy, "The upload is being completed.");

    public static RpcException QueueFull(TimeSpan retryAfter) => Of(
        StatusCode.ResourceExhausted,
        ErrorReason.QueueFull,
        "10000 jobs wait.",
        new RetryInfo { RetryDelay = Duration.FromTimeSpan(retryAfter) });

    public static RpcException Of(
        StatusCode code, ErrorReason reason, string message, params IMessage[] furtherDetails)
    {
        var info = new ErrorInfo { Domain = ErrorReasons.Domain, Reason = reason.ToText() };
        info.Metadata["jobId"] = "42";
        var status = new Google.Rpc.Status { Code = (int)code, Message = message };
        status.Details.Add(Any.Pack(info));
        status.Details.AddRange(furtherDetails.Select(Any.Pack));
        return status.ToRpcException();
    }

    public static BadRequest BadField(string field, string description) =>
        new()
        {
            FieldViolations = { new BadRequest.Types.FieldViolation { Field = field, Description = description } },
        };
}
