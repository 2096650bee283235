using ForegSyte.Client;
using ForegSyte.Client.Calls;
using ForegSyte.Protocol.Errors;
using ForegSyte.Testing;
using ForegSyte.V1;
using Google.Rpc;
using Grpc.Core;
using Grpc.Net.Client;

namespace ForegSyte.Jobs.Tests.Security;

/// <summary>What a service answers to a caller.</summary>
internal static class Answers
{
    /// <summary>The call got through, whatever came of it then.</summary>
    public const string Yes = "yes";

    private static readonly string[] Refusals =
    [
        ErrorReason.Unauthenticated.ToText(), ErrorReason.PermissionDenied.ToText(), ErrorReason.JobNotFound.ToText(),
        ErrorReason.UploadNotFound.ToText(),
    ];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>A channel that shows who the caller is, as the client library makes it.</summary>
    public static GrpcChannel ChannelOf(Uri address, ClientCredentials credentials) =>
        ChannelFactory.Create(new ForegSyteClientOptions { Address = address, Credentials = credentials });

    /// <summary>"yes", or the reason that kept the caller out.</summary>
    public static async Task<string> ToAsync(Func<CallOptions, Task> call)
    {
        try
        {
            await call(new CallOptions(
                cancellationToken: Cancellation, deadline: TimeProvider.System.GetUtcNow().UtcDateTime.AddMinutes(1)));
            return Yes;
        }
        catch (RpcException failure)
        {
            return Reason(failure) is { } info ? Of(info) : failure.ToString();
        }
    }

    /// <summary>"yes", or the reason that kept the caller out.</summary>
    public static string Of(ErrorInfo info) => Refusals.Contains(info.Reason) ? info.Reason : Yes;

    /// <summary>The ErrorInfo of a call that is refused.</summary>
    public static async Task<ErrorInfo> RefusalAsync<T>(AsyncUnaryCall<T> call) => (await Refusal.OfAsync(call)).Info;

    private static ErrorInfo? Reason(RpcException failure) => failure.GetRpcStatus()?.GetDetail<ErrorInfo>();
}
