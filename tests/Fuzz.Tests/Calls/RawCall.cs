using ForegSyte.Protocol.Errors;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Google.Rpc;
using Grpc.Core;
using Grpc.Net.Client;

namespace ForegSyte.Fuzz.Tests.Calls;

/// <summary>A call with any bytes as its request, and what holds of every answer.</summary>
internal static class RawCall
{
    /// <summary>The outcome of a call that was answered.</summary>
    public const string Ok = "OK";

    /// <summary>Longer than the longest wait of WaitJob: past it a call hangs.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(80);

    private static readonly Marshaller<byte[]> Bytes = Marshallers.Create<byte[]>(bytes => bytes, bytes => bytes);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>
    /// Calls, and returns the answer or the reason why there is none: one of ours, and never that of a defect.
    /// </summary>
    public static async Task<(string Outcome, IMessage? Answer)> MakeAsync(
        GrpcChannel channel, MethodDescriptor method, byte[] request)
    {
        var call = channel.CreateCallInvoker().AsyncUnaryCall(
            new Method<byte[], byte[]>(MethodType.Unary, method.Service.FullName, method.Name, Bytes, Bytes),
            host: null,
            new CallOptions(
                deadline: TimeProvider.System.GetUtcNow().UtcDateTime + Patience, cancellationToken: Token),
            request);
        try
        {
            return (Ok, method.OutputType.Parser.ParseFrom(await call));
        }
        catch (RpcException failure)
        {
            return (ReasonOf(failure, $"{method.FullName} with {Convert.ToHexString(request)}"), null);
        }
    }

    private static string ReasonOf(RpcException failure, string call)
    {
        var info = failure.GetRpcStatus()?.GetDetail<ErrorInfo>();
        var answer = $"{call} was answered {failure.StatusCode} {info?.Reason}: {failure.Status.Detail}";
        Assert.False(
            failure.StatusCode is StatusCode.Internal or StatusCode.Unknown or StatusCode.DeadlineExceeded, answer);
        Assert.True(info?.Domain == ErrorReasons.Domain, $"No ErrorInfo: {answer}");
        Assert.DoesNotContain("Exception", failure.Status.Detail, StringComparison.Ordinal);
        return info.Reason;
    }
}
