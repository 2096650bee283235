using System.Collections.Concurrent;
using System.Net;
using ForegSyte.Benchmarks.Processes;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace ForegSyte.Benchmarks.Load;

/// <summary>
/// Minimal ASP.NET servers that the services are compared with. As a program, each prints its address and ends with its
/// standard input.
/// </summary>
internal static class BaselineServers
{
    /// <summary>An empty gRPC message: not compressed, length 0.</summary>
    private static readonly byte[] EmptyMessage = new byte[5];

    /// <summary>Serves the gRPC echo.</summary>
    public static Task RunEchoAsync(CancellationToken cancellationToken) =>
        RunAsync(app => app.MapGrpcService<EchoService>(), cancellationToken);

    /// <summary>Serves an OTLP collector that accepts everything and keeps nothing.</summary>
    public static Task RunCollectorAsync(CancellationToken cancellationToken) =>
        RunAsync(app => app.MapPost("/{**method}", DiscardAsync), cancellationToken);

    private static async Task RunAsync(Action<WebApplication> map, CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2);
        });
        builder.Services.AddGrpc(grpc => grpc.MaxReceiveMessageSize = null);
        await using var app = builder.Build();
        map(app);
        await app.StartAsync(cancellationToken);
        Console.WriteLine(app.Urls.Single());
        await Console.In.ReadLineAsync(cancellationToken);
        await app.StopAsync(cancellationToken);
    }

    private static async Task DiscardAsync(HttpContext call)
    {
        await call.Request.Body.CopyToAsync(Stream.Null, call.RequestAborted);
        call.Response.ContentType = "application/grpc";
        await call.Response.Body.WriteAsync(EmptyMessage, call.RequestAborted);
        call.Response.AppendTrailer("grpc-status", "0");
    }
}

/// <summary>A baseline server in its own process.</summary>
internal sealed class BaselineServer : IAsyncDisposable
{
    private readonly ChildProgram _program;

    private BaselineServer(ChildProgram program, Uri address) => (_program, Address) = (program, address);

    public int Id => _program.Id;

    public Uri Address { get; }

    /// <summary>Starts the server with this subcommand and returns when it listens.</summary>
    public static async Task<BaselineServer> StartAsync(string role, CancellationToken cancellationToken)
    {
        var program = ChildProgram.StartOwn(role, serverCollector: true);
        try
        {
            return new BaselineServer(program, new Uri(await program.ReadLineAsync(cancellationToken)));
        }
        catch
        {
            await program.DisposeAsync();
            throw;
        }
    }

    /// <inheritdoc />
    public ValueTask DisposeAsync() => _program.DisposeAsync();
}

/// <summary>
/// The echo call: one bytes field each way. The first four bytes of a request give the size of the answer, so that one
/// server can be the baseline of any call.
/// </summary>
internal static class EchoMethod
{
    public static readonly Method<BytesValue, BytesValue> Definition = new(
        MethodType.Unary, "foregsyte.benchmarks.Echo", "Echo", MarshallerOf(), MarshallerOf());

    /// <summary>Overhead of a bytes field: the tag and a length of up to two bytes.</summary>
    private const int FieldBytes = 3;

    /// <summary>A request with these sizes of request and answer on the wire.</summary>
    public static BytesValue Request(int requestBytes, int responseBytes)
    {
        var content = new byte[Math.Max(sizeof(int), requestBytes - FieldBytes)];
        BitConverter.TryWriteBytes(content, Math.Max(0, responseBytes - FieldBytes));
        return new BytesValue { Value = UnsafeByteOperations.UnsafeWrap(content) };
    }

    /// <summary>Size of the answer's content.</summary>
    public static int AnswerSize(BytesValue request) => BitConverter.ToInt32(request.Value.Span);

    private static Marshaller<BytesValue> MarshallerOf() => Marshallers.Create(
        static (message, context) =>
        {
            context.SetPayloadLength(message.CalculateSize());
            message.WriteTo(context.GetBufferWriter());
            context.Complete();
        },
        static context => BytesValue.Parser.ParseFrom(context.PayloadAsReadOnlySequence()));
}

/// <summary>Stands in for generated code: Grpc.AspNetCore looks for an override of the method by its name.</summary>
[BindServiceMethod(typeof(EchoServiceBase), nameof(Bind))]
internal abstract class EchoServiceBase
{
    /// <summary>Registers the method; Grpc.AspNetCore calls this at start, without a service.</summary>
    public static void Bind(ServiceBinderBase binder, EchoServiceBase? service) =>
        binder.AddMethod(
            EchoMethod.Definition,
            service is null ? null : new UnaryServerMethod<BytesValue, BytesValue>(service.Echo));

    public abstract Task<BytesValue> Echo(BytesValue request, ServerCallContext context);
}

/// <summary>Answers with the requested number of bytes.</summary>
internal sealed class EchoService : EchoServiceBase
{
    private static readonly ConcurrentDictionary<int, BytesValue> Answers = new();

    /// <inheritdoc />
    public override Task<BytesValue> Echo(BytesValue request, ServerCallContext context) =>
        Task.FromResult(Answers.GetOrAdd(
            EchoMethod.AnswerSize(request),
            static size => new BytesValue { Value = UnsafeByteOperations.UnsafeWrap(new byte[size]) }));
}
