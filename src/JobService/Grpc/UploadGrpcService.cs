using ForegSyte.Hosting.Errors;
using ForegSyte.Hosting.Security;
using ForegSyte.Jobs.Submission;
using ForegSyte.Jobs.Uploads;
using ForegSyte.Protocol.Checksums;
using ForegSyte.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Grpc;

/// <summary>The RPCs of UploadService.</summary>
[BindServiceMethod(typeof(PooledParts), nameof(PooledParts.Bind))]
internal sealed class UploadGrpcService(
    UploadStore uploads, IUploadOwners owners, PartWriter parts, VideoChecks checks, IOptions<UploadOptions> options)
    : UploadService.UploadServiceBase
{
    /// <inheritdoc />
    public override async Task<CreateUploadResponse> CreateUpload(
        CreateUploadRequest request, ServerCallContext context)
    {
        switch (request.SizeBytes)
        {
            case < 0:
                throw ServiceException.InvalidField(
                    "size_bytes", "size_bytes must be the size of the video, more than 0.", request.SizeBytes);
            case 0:
                throw ServiceException.ForField(
                    ErrorReason.EmptyVideo, "size_bytes", "The video has no bytes. Check the file and send it again.");
        }

        checks.RequireSize("size_bytes", request.SizeBytes);
        var (upload, isNew) = uploads.CreateOrFind(
            request.SizeBytes,
            RequestChecks.Sha256(request.Sha256),
            JobGrpcService.RequestId(request.RequestId),
            context.Caller().Tenant);
        await RecordOwnerAsync(upload.Record, isNew, context.CancellationToken);
        return new CreateUploadResponse { Upload = MessageOf(upload) };
    }

    /// <inheritdoc />
    public override async Task<UploadPartResponse> UploadPart(UploadPartRequest request, ServerCallContext context)
    {
        try
        {
            var uploadId = RequestChecks.UploadId(request.UploadId);
            RequireLength(request);
            var upload = await FindAsync(uploadId, context);
            RequireInside(request, upload.Record.SizeBytes);
            var crc32C = RequireChecksum(request, upload.Record);
            await parts.WriteAsync(upload, request.Offset, request.Data.Memory, crc32C, context.CancellationToken);
            return new UploadPartResponse { ReceivedBytes = upload.Record.SizeBytes - upload.MissingBytes };
        }
        finally
        {
            PooledParts.Return(request);
        }
    }

    /// <inheritdoc />
    public override async Task<GetUploadResponse> GetUpload(GetUploadRequest request, ServerCallContext context)
    {
        var uploadId = RequestChecks.UploadId(request.UploadId);
        var upload = await FindAsync(uploadId, context);
        return new GetUploadResponse { Upload = MessageOf(upload) };
    }

    /// <inheritdoc />
    public override async Task<AbortUploadResponse> AbortUpload(AbortUploadRequest request, ServerCallContext context)
    {
        await uploads.AbortAsync(
            RequestChecks.UploadId(request.UploadId), context.Caller().VisibleTenant, context.CancellationToken);
        return new AbortUploadResponse();
    }

    /// <summary>Lets other nodes find the upload. A new one that they cannot find is removed.</summary>
    private async Task RecordOwnerAsync(UploadRecord upload, bool isNew, CancellationToken cancellationToken)
    {
        var isRecorded = false;
        try
        {
            isRecorded = await owners.TryAddAsync(upload, cancellationToken);
        }
        finally
        {
            if (!isRecorded && isNew)
            {
                await uploads.AbortAsync(upload.UploadId, upload.Tenant, CancellationToken.None);
            }
        }

        if (!isRecorded)
        {
            throw UploadErrors.CreatedElsewhere(upload.RequestId!.Value);
        }
    }

    private Task<OpenUpload> FindAsync(Guid uploadId, ServerCallContext context) =>
        uploads.FindAsync(uploadId, context.Caller().VisibleTenant, context.CancellationToken);

    private void RequireLength(UploadPartRequest part)
    {
        if (part.Data.Length == 0)
        {
            throw ServiceException.MissingField("data", "Send at least one byte.");
        }

        if (part.Data.Length > options.Value.MaxPartBytes)
        {
            throw UploadErrors.PartTooLarge(part.Data.Length, options.Value.MaxPartBytes);
        }
    }

    private static void RequireInside(UploadPartRequest part, long sizeBytes)
    {
        if (part.Offset < 0 || part.Offset > sizeBytes - part.Data.Length)
        {
            throw UploadErrors.PartOutside(part.Offset, part.Data.Length, sizeBytes);
        }
    }

    /// <summary>
    /// Verifies the CRC-32C of a part and returns it. A part needs none if CreateUpload announced the SHA-256 of the
    /// video, which is then verified at the end.
    /// </summary>
    private static uint RequireChecksum(UploadPartRequest part, UploadRecord upload)
    {
        if (!part.HasCrc32C && upload.Sha256 is null)
        {
            throw ServiceException.MissingField(
                "crc32c",
                "Send the CRC-32C (Castagnoli) of data, or give CreateUpload the sha256 of the whole video.");
        }

        var actual = Crc32C.Of(part.Data.Span);
        return !part.HasCrc32C || part.Crc32C == actual
            ? actual
            : throw UploadErrors.ChecksumMismatch(part.Crc32C, actual);
    }

    private Upload MessageOf(OpenUpload upload)
    {
        var status = upload.StatusOf(options.Value);
        return new Upload
        {
            UploadId = status.Record.UploadId.ToString(),
            SizeBytes = status.Record.SizeBytes,
            Sha256 = status.Record.Sha256 ?? "",
            ReceivedBytes = status.ReceivedBytes,
            Ranges = { status.Extents.Select(extent => new ByteRange { Start = extent.Start, End = extent.End }) },
            MaxPartBytes = options.Value.MaxPartBytes,
            CreatedAt = status.Record.CreatedAt.ToTimestamp(),
            ExpiresAt = status.ExpiresAt.ToTimestamp(),
        };
    }
}
