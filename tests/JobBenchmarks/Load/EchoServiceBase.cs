using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace ForegSyte.JobBenchmarks.Load;

/// <summary>
/// What generated code would be for <see cref="EchoMethod"/>; Grpc.AspNetCore looks for an override of a method by its
/// name.
/// </summary>
[BindServiceMethod(typeof(EchoServiceBase), nameof(Bind))]
internal abstract class EchoServiceBase
{
    /// <summary>Tells Grpc.AspNetCore the one method; called by it at start, without a service.</summary>
    public static void Bind(ServiceBinderBase binder, EchoServiceBase? service) =>
        binder.AddMethod(
            EchoMethod.Definition,
            service is null ? null : new UnaryServerMethod<BytesValue, BytesValue>(service.Echo));

    public abstract Task<BytesValue> Echo(BytesValue request, ServerCallContext context);
}
