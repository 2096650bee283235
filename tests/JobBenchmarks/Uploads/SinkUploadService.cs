using ForegSyte.V1;
using Grpc.Core;

namespace ForegSyte.JobBenchmarks.Uploads;

/// <summary>Takes parts and checks nothing.</summary>
internal sealed class SinkUploadService(SinkFile file) : UploadService.UploadServiceBase
{
    /// <inheritdoc />
    public override Task<CreateUploadResponse> CreateUpload(CreateUploadRequest request, ServerCallContext context)
    {
        file.Begin();
        return Task.FromResult(new CreateUploadResponse
        {
            Upload = new Upload { UploadId = Guid.NewGuid().ToString(), SizeBytes = request.SizeBytes },
        });
    }

    /// <inheritdoc />
    public override async Task<UploadPartResponse> UploadPart(UploadPartRequest request, ServerCallContext context)
    {
        await file.WriteAsync(request.Data.Memory, request.Offset);
        return new UploadPartResponse();
    }
}
