using System.Buffers;
using System.Runtime.InteropServices;
using ForegSyte.V1;
using Google.Protobuf;
using Grpc.Core;

namespace ForegSyte.Jobs.Grpc;

/// <summary>
/// Reads the requests of UploadPart into pooled memory. Generated code allocates the data of each part anew, and
/// collecting these large arrays costs as much processor time as hashing them.
/// </summary>
internal static class PooledParts
{
    private const uint DataTag = (UploadPartRequest.DataFieldNumber << 3) | (uint)WireFormat.WireType.LengthDelimited;

    /// <summary>Longest pooled message; the client's default is 2 MiB and the server's 8 MiB.</summary>
    private const int MaxPooledBytes = 16 << 20;

    /// <summary>Unused messages of each size that stay in memory; the client sends 4 at a time.</summary>
    private const int MaxUnused = 8;

    private static readonly ArrayPool<byte> Pool = ArrayPool<byte>.Create(MaxPooledBytes, MaxUnused);

    /// <summary>Binds the generated service with its request of UploadPart in pooled memory.</summary>
    public static void Bind(ServiceBinderBase binder, UploadService.UploadServiceBase? service) =>
        UploadService.BindService(new Binder(binder), service);

    /// <summary>Gives the memory of a request back. Its data must not be used afterwards.</summary>
    public static void Return(UploadPartRequest request)
    {
        if (MemoryMarshal.TryGetArray(request.Data.Memory, out var data))
        {
            Pool.Return(data.Array!);
        }
    }

    /// <summary>
    /// Copies a message into pooled memory and parses it there; <see cref="Return"/> takes the memory back.
    /// </summary>
    /// <exception cref="InvalidProtocolBufferException">The message is malformed.</exception>
    public static UploadPartRequest Parse(ReadOnlySequence<byte> message)
    {
        var length = (int)message.Length;
        var bytes = Pool.Rent(length);
        message.CopyTo(bytes);
        var request = new UploadPartRequest();
        var parsed = 0;
        var input = new CodedInputStream(bytes, 0, length);
        for (var start = 0; input.ReadTag() is not 0 and var tag; start = (int)input.Position)
        {
            if (tag != DataTag)
            {
                input.SkipLastField();
                continue;
            }

            var size = input.ReadLength();
            var data = (int)input.Position;
            if (size < 0 || size > length - data)
            {
                break;
            }

            request.MergeFrom(bytes, parsed, start - parsed);
            request.Data = UnsafeByteOperations.UnsafeWrap(bytes.AsMemory(data, size));
            parsed = data + size;
            input = new CodedInputStream(bytes, parsed, length - parsed);
        }

        request.MergeFrom(bytes, parsed, length - parsed);
        return request;
    }

    /// <summary>Passes the methods on, UploadPart with another parser.</summary>
    private sealed class Binder(ServiceBinderBase inner) : ServiceBinderBase
    {
        public override void AddMethod<TRequest, TResponse>(
            Method<TRequest, TResponse> method, UnaryServerMethod<TRequest, TResponse>? handler)
        {
            if (method is Method<UploadPartRequest, TResponse> part)
            {
                var marshaller = Marshallers.Create(
                    part.RequestMarshaller.ContextualSerializer, context => Parse(context.PayloadAsReadOnlySequence()));
                method = (Method<TRequest, TResponse>)(object)new Method<UploadPartRequest, TResponse>(
                    part.Type, part.ServiceName, part.Name, marshaller, part.ResponseMarshaller);
            }

            inner.AddMethod(method, handler);
        }
    }
}
