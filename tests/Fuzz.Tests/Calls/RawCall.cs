using System.Reflection;
using ForegSyte.Protocol.Errors;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Google.Rpc;
using Grpc.Core;
using Grpc.Net.Client;

namespace ForegSyte.Fuzz.Tests.Calls;

/// <summary>A call with arbitrary bytes as its request; checks every answer.</summary>
internal static class RawCall
{
    /// <summary>Outcome of a successful call.</summary>
    public const string Ok = "OK";

    /// <summary>Longer than the longest wait of WaitJob.</summary>
    private static readonly TimeSpan CallTimeout = TimeSpan.FromMinutes(3);

    private static readonly Marshaller<byte[]> Bytes = Marshallers.Create<byte[]>(bytes => bytes, bytes => bytes);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Makes the call; returns the answer or the published reason of the error.</summary>
    public static async Task<(string Outcome, IMessage? Answer)> MakeAsync(
        GrpcChannel channel, MethodDescriptor method, byte[] request)
    {
        var call = channel.CreateCallInvoker().AsyncUnaryCall(
            new Method<byte[], byte[]>(MethodType.Unary, method.Service.FullName, method.Name, Bytes, Bytes),
            host: null,
            new CallOptions(
                deadline: TimeProvider.System.GetUtcNow().UtcDateTime + CallTimeout, cancellationToken: Token),
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
        Assert.True(info?.Domain == ErrorReasons.Domain, $"The error has no ErrorInfo: {answer}");
        Assert.DoesNotContain("Exception", failure.Status.Detail, StringComparison.Ordinal);
        return info.Reason;
    }
}

/// <summary>Every RPC of the contracts, from their descriptors.</summary>
internal static class Contracts
{
    /// <summary>All methods of all services of both packages.</summary>
    public static IReadOnlyList<MethodDescriptor> Methods { get; } =
        [.. typeof(V1.Job).Assembly.GetTypes()
            .Where(type => type.Namespace == typeof(V1.Job).Namespace
                || type.Namespace == typeof(Inference.V1.RunPipelineRequest).Namespace)
            .Select(type => type.GetProperty("Descriptor", BindingFlags.Public | BindingFlags.Static)?.GetValue(null))
            .OfType<FileDescriptor>()
            .SelectMany(file => file.Services)
            .SelectMany(service => service.Methods)
            .OrderBy(method => method.FullName, StringComparer.Ordinal)];
}
