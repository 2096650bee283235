using ForegSyte.V1;
using Grpc.Core;

namespace ForegSyte.Jobs.Grpc;

/// <summary>
/// What the generated base class of UploadService is, but for the message of UploadPart, which is read by
/// <see cref="ReceivedPart"/> into memory that is used again. Grpc.AspNetCore looks for overrides of these methods by
/// their names.
/// </summary>
[BindServiceMethod(typeof(UploadGrpcServiceBase), nameof(Bind))]
internal abstract class UploadGrpcServiceBase
{
    /// <summary>Tells Grpc.AspNetCore the methods; called by it at start, without a service.</summary>
    public static void Bind(ServiceBinderBase binder, UploadGrpcServiceBase? service) =>
        UploadService.BindService(new PartBinder(binder), serviceImpl: null);

    /// <summary>Begins an upload.</summary>
    public abstract Task<CreateUploadResponse> CreateUpload(CreateUploadRequest request, ServerCallContext context);

    /// <summary>Takes a part, and disposes it.</summary>
    public abstract Task<UploadPartResponse> UploadPart(ReceivedPart part, ServerCallContext context);

    /// <summary>Says what is there.</summary>
    public abstract Task<GetUploadResponse> GetUpload(GetUploadRequest request, ServerCallContext context);

    /// <summary>Ends an upload.</summary>
    public abstract Task<AbortUploadResponse> AbortUpload(AbortUploadRequest request, ServerCallContext context);

    /// <summary>Takes the methods as they were generated, and one with another message.</summary>
    private sealed class PartBinder(ServiceBinderBase binder) : ServiceBinderBase
    {
        public override void AddMethod<TRequest, TResponse>(
            Method<TRequest, TResponse> method, UnaryServerMethod<TRequest, TResponse>? handler)
        {
            if (method is not Method<UploadPartRequest, UploadPartResponse> part)
            {
                binder.AddMethod(method, handler);
                return;
            }

            binder.AddMethod(
                new Method<ReceivedPart, UploadPartResponse>(
                    part.Type, part.ServiceName, part.Name,
                    Marshallers.Create(Refuse, context => ReceivedPart.Read(context.PayloadAsReadOnlySequence())),
                    part.ResponseMarshaller),
                (UnaryServerMethod<ReceivedPart, UploadPartResponse>?)null);
        }

        private static void Refuse(ReceivedPart part, SerializationContext context) =>
            throw new NotSupportedException("Parts are received, not sent.");
    }
}
