using System.Buffers;
using ForegSyte.Hosting.Errors;
using ForegSyte.Jobs.Faults;
using ForegSyte.Jobs.Storage;
using ForegSyte.Jobs.Tenants;
using ForegSyte.Protocol.Checksums;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Uploads;

/// <summary>Writes parts: first the bytes, then the journal record. Only then is the part acknowledged.</summary>
internal sealed class PartWriter(
    TenantSpace space, IOptions<UploadOptions> options, CrashPoints crashPoints, TimeProvider time)
{
    private const int CompareBytes = 1 << 20;

    /// <summary>Writes the missing bytes of a part and compares the others with those received before.</summary>
    /// <param name="upload">The upload.</param>
    /// <param name="offset">Offset of the part, within the video.</param>
    /// <param name="data">The bytes, at least one.</param>
    /// <param name="crc32C">The verified CRC-32C of the bytes.</param>
    /// <param name="cancellationToken">Cancels the write.</param>
    /// <exception cref="ServiceException">
    /// UPLOAD_NOT_FOUND, UPLOAD_BUSY, STORAGE_FULL, or INVALID_FIELD if other bytes were received before, or beyond a
    /// limit.
    /// </exception>
    public async Task WriteAsync(
        OpenUpload upload, long offset, ReadOnlyMemory<byte> data, uint crc32C, CancellationToken cancellationToken)
    {
        using var room = space.ReserveRoom(data.Length);
        var extent = new Extent(offset, offset + data.Length);
        using var part = await upload.ReserveAsync(extent, options.Value, cancellationToken);
        try
        {
            foreach (var received in part.Received)
            {
                await RequireSameAsync(upload, received, Slice(received), cancellationToken);
            }

            foreach (var missing in part.Missing)
            {
                await RandomAccess.WriteAsync(upload.Data, Slice(missing), missing.Start, cancellationToken);
            }

            crashPoints.Pass(CrashPoint.PartWritten);
            var now = time.GetUtcNow();
            upload.Add([.. part.Missing.Select(piece => new UploadPartRecord(piece, ChecksumOf(piece), now))]);
            crashPoints.Pass(CrashPoint.PartRecorded);
        }
        catch (IOException failure) when (DiskFull.Is(failure))
        {
            throw DiskFull.Report(failure);
        }
        catch (ObjectDisposedException) when (upload.IsRemoved)
        {
            throw UploadErrors.NotFound(upload.Record.UploadId);
        }

        ReadOnlyMemory<byte> Slice(Extent piece) => data.Slice((int)(piece.Start - offset), (int)piece.Length);

        uint ChecksumOf(Extent piece) => piece == extent ? crc32C : Crc32C.Of(Slice(piece).Span);
    }

    /// <summary>Refuses a repeated part with other bytes: an acknowledgement must mean that these are stored.</summary>
    private static async Task RequireSameAsync(
        OpenUpload upload, Extent received, ReadOnlyMemory<byte> data, CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(CompareBytes);
        try
        {
            for (var done = 0; done < data.Length;)
            {
                var count = Math.Min(CompareBytes, data.Length - done);
                var read = await RandomAccess.ReadAsync(
                    upload.Data, buffer.AsMemory(0, count), received.Start + done, cancellationToken);
                if (read == 0 || !data.Span.Slice(done, read).SequenceEqual(buffer.AsSpan(0, read)))
                {
                    throw UploadErrors.OtherBytes(received);
                }

                done += read;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
