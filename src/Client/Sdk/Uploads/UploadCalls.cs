using ForegSyte.Client.Calls;
using ForegSyte.V1;

namespace ForegSyte.Client.Uploads;

/// <summary>The calls around the parts.</summary>
internal sealed class UploadCalls(
    UploadService.UploadServiceClient service, CallRunner calls, ForegSyteClientOptions options)
{
    /// <summary>Begins an upload, or returns the one that the same request_id began.</summary>
    public async Task<Upload> CreateAsync(long sizeBytes, string requestId, CancellationToken cancellationToken)
    {
        var request = new CreateUploadRequest { SizeBytes = sizeBytes, RequestId = requestId };
        var response = await calls.RunAsync(
            options.ControlDeadline, call => service.CreateUploadAsync(request, call), cancellationToken);
        return response.Upload;
    }

    /// <summary>What is there of an upload.</summary>
    public async Task<Upload> GetAsync(string uploadId, CancellationToken cancellationToken)
    {
        var request = new GetUploadRequest { UploadId = uploadId };
        var response = await calls.RunAsync(
            options.ReadDeadline, call => service.GetUploadAsync(request, call), cancellationToken);
        return response.Upload;
    }

    /// <summary>The same; null where there is no such upload.</summary>
    public async Task<Upload?> FindAsync(string uploadId, CancellationToken cancellationToken)
    {
        try
        {
            return await GetAsync(uploadId, cancellationToken);
        }
        catch (ForegSyteException failure) when (failure.Reason == ErrorReason.UploadNotFound)
        {
            return null;
        }
    }

    /// <summary>
    /// Ends an upload that nobody needs any more, so that it takes no space until it expires. A courtesy: where it
    /// fails, the server removes the upload in its time.
    /// </summary>
    public async Task AbortAsync(string uploadId, CancellationToken cancellationToken)
    {
        var request = new AbortUploadRequest { UploadId = uploadId };
        try
        {
            await calls.RunAsync(
                options.ControlDeadline, call => service.AbortUploadAsync(request, call), cancellationToken);
        }
        catch (ForegSyteException)
        {
            // See above; what made the caller give up says more.
        }
    }

    /// <summary>Sends the parts of an upload.</summary>
    public PartSender SenderOf(string uploadId, UploadTally tally) => new(uploadId, service, calls, tally, options);
}
