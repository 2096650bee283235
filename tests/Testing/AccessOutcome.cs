using ForegSyte.Client;
using ForegSyte.Client.Calls;
using ForegSyte.Protocol.Errors;
using ForegSyte.V1;
using Google.Rpc;
using Grpc.Core;
using Grpc.Net.Client;
using Xunit;

namespace ForegSyte.Testing;

/// <summary>Whether a service lets a caller make a call.</summary>
public static class AccessOutcome
{
    /// <summary>The caller was let in, whatever the result of the call.</summary>
    public const string Allowed = "yes";

    private static readonly TimeSpan CallTimeout = TimeSpan.FromMinutes(1);

    private static readonly string[] Refusals =
    [
        ErrorReason.Unauthenticated.ToText(), ErrorReason.PermissionDenied.ToText(), ErrorReason.JobNotFound.ToText(),
        ErrorReason.UploadNotFound.ToText(),
    ];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Opens a channel with credentials, as the client library does.</summary>
    public static GrpcChannel ChannelOf(Uri address, ClientCredentials credentials) =>
        ChannelFactory.Create(new ForegSyteClientOptions { Address = address, Credentials = credentials });

    /// <summary><see cref="Allowed"/>, or the reason of the refusal.</summary>
    public static async Task<string> OfAsync(Func<CallOptions, Task> call)
    {
        try
        {
            await call(new CallOptions(
                cancellationToken: Cancellation, deadline: TimeProvider.System.GetUtcNow().UtcDateTime + CallTimeout));
            return Allowed;
        }
        catch (RpcException failure)
        {
            return failure.GetRpcStatus()?.GetDetail<ErrorInfo>() is { } info ? Of(info) : failure.ToString();
        }
    }

    /// <summary><see cref="Allowed"/>, or the reason of the refusal.</summary>
    public static string Of(ErrorInfo info) => Refusals.Contains(info.Reason) ? info.Reason : Allowed;

    /// <summary>The ErrorInfo of a call that must fail.</summary>
    public static async Task<ErrorInfo> RefusalAsync<T>(AsyncUnaryCall<T> call) => (await Refusal.OfAsync(call)).Info;
}
