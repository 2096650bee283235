using ForegSyte.Hosting.Errors;
using ForegSyte.Hosting.Security;
using ForegSyte.Jobs.Cluster;
using ForegSyte.Jobs.Uploads;
using ForegSyte.Protocol.Errors;
using ForegSyte.V1;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Microsoft.Extensions.Options;
using Contract = ForegSyte.V1.JobService;

namespace ForegSyte.Jobs.Grpc;

/// <summary>
/// Passes calls about an upload on to the node that has its bytes, with the caller's credentials and deadline, and
/// returns the response of that node. A call is passed on once at most. If that node is away, a submission that it had
/// committed is answered here.
/// </summary>
internal sealed class UploadForwarding(
    UploadStore uploads,
    IUploadOwners owners,
    ICluster cluster,
    NodeChannels channels,
    IJobStore jobs,
    IOptions<NodeOptions> options,
    TimeProvider time) : Interceptor
{
    /// <summary>Marks a call that was passed on; its value is the name of the node that did so.</summary>
    public const string Mark = "foregsyte-forwarded-by";

    /// <inheritdoc />
    public override async Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
        TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
    {
        if (PassedCredentials.HasHeader(context, Mark)
            || await OwnerOfAsync(request, context) is not { } owner
            || owner.Node == cluster.NodeName
            || !context.Caller().CanSee(owner.Tenant))
        {
            return await continuation(request, context);
        }

        try
        {
            return await ForwardAsync<TResponse>(request, owner, context);
        }
        catch (ServiceException away) when (away.Reason == ErrorReason.NodeUnavailable)
        {
            if (await IsCommittedAsync(request, context))
            {
                return await continuation(request, context);
            }

            throw;
        }
        finally
        {
            if (request is UploadPartRequest part)
            {
                PooledParts.Return(part);
            }
        }
    }

    /// <summary>The owner of the request's upload; null if it is here, unknown, or not named.</summary>
    private async ValueTask<UploadOwner?> OwnerOfAsync(object request, ServerCallContext context)
    {
        if (request is CreateUploadRequest create)
        {
            var tenant = context.Caller().Tenant;
            return Guid.TryParseExact(create.RequestId, "D", out var requestId) && !uploads.Has(tenant, requestId)
                ? await owners.FindByRequestAsync(tenant, requestId, context.CancellationToken)
                : null;
        }

        var text = request switch
        {
            UploadPartRequest part => part.UploadId,
            GetUploadRequest get => get.UploadId,
            AbortUploadRequest abort => abort.UploadId,
            SubmitVideoRequest { SourceCase: SubmitVideoRequest.SourceOneofCase.UploadId } submit => submit.UploadId,
            _ => "",
        };
        return Guid.TryParseExact(text, "D", out var uploadId) && !uploads.Has(uploadId)
            ? await owners.FindAsync(uploadId, context.CancellationToken)
            : null;
    }

    /// <summary>Whether the request repeats a submission whose job exists.</summary>
    private async Task<bool> IsCommittedAsync(object request, ServerCallContext context) =>
        request is SubmitVideoRequest submit
        && Guid.TryParseExact(submit.RequestId, "D", out var requestId)
        && await jobs.FindByRequestIdAsync(
            TenantRequestId.Of(context.Caller().Tenant, requestId), context.CancellationToken) is not null;

    private async Task<TResponse> ForwardAsync<TResponse>(
        object request, UploadOwner owner, ServerCallContext context)
    {
        var headers = PassedCredentials.Of(context) ?? throw UploadErrors.OwnerNeedsCredentials(owner.Node);
        if (owner is not { IsLive: true, Address: { } address })
        {
            throw UploadErrors.OwnerAway(owner.Node, options.Value.LostAfter);
        }

        headers.Add(Mark, cluster.NodeName);
        var limit = time.GetUtcNow().UtcDateTime + options.Value.ForwardTimeout;
        var deadline = context.Deadline < DateTime.MaxValue ? context.Deadline : limit;
        var call = new CallOptions(headers, deadline, context.CancellationToken);
        try
        {
            return await Call<TResponse>(channels.To(address).CreateCallInvoker(), request, call);
        }
        catch (RpcException failure) when (ErrorStatus.ReasonOf(failure.GetRpcStatus()) != ErrorReason.Unspecified)
        {
            // The owner's own error, with its details and nothing else of its response.
            throw failure.GetRpcStatus()!.ToRpcException();
        }
        catch (RpcException failure) when (context.CancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException("The call was cancelled.", failure, context.CancellationToken);
        }
        catch (RpcException failure)
        {
            throw failure.StatusCode == StatusCode.DeadlineExceeded
                ? UploadErrors.OwnerTooSlow(owner.Node, options.Value.ForwardTimeout, failure)
                : UploadErrors.OwnerAway(owner.Node, options.Value.LostAfter, failure);
        }
    }

    private static Task<TResponse> Call<TResponse>(CallInvoker node, object request, CallOptions call)
    {
        var uploadService = new UploadService.UploadServiceClient(node);
        object response = request switch
        {
            UploadPartRequest part => uploadService.UploadPartAsync(part, call).ResponseAsync,
            GetUploadRequest get => uploadService.GetUploadAsync(get, call).ResponseAsync,
            AbortUploadRequest abort => uploadService.AbortUploadAsync(abort, call).ResponseAsync,
            CreateUploadRequest create => uploadService.CreateUploadAsync(create, call).ResponseAsync,
            SubmitVideoRequest submit =>
                new Contract.JobServiceClient(node).SubmitVideoAsync(submit, call).ResponseAsync,
            _ => throw new ArgumentOutOfRangeException(nameof(request), request, "The call is about no upload."),
        };
        return (Task<TResponse>)response;
    }
}
