using System.Buffers;
using ForegSyte.Hosting.Errors;
using ForegSyte.Jobs.Faults;
using ForegSyte.Jobs.Storage;
using ForegSyte.Protocol.Checksums;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Uploads;

/// <summary>Writes parts: the bytes first, then the note that they are there, then the caller is told.</summary>
internal sealed class PartWriter(
    IStorage storage, IOptions<UploadOptions> options, CrashPoints crashPoints, TimeProvider time)
{
    private const int CompareBytes = 1 << 20;

    /// <summary>Writes what is not there yet of a part.</summary>
    /// <param name="upload">The upload.</param>
    /// <param name="offset">Where the part begins; it lies within the video.</param>
    /// <param name="data">Its bytes, at least one; they stay the caller's.</param>
    /// <param name="crc32C">Their CRC-32C, which was checked.</param>
    /// <param name="cancellationToken">Gives the part up.</param>
    /// <exception cref="ServiceException">
    /// UPLOAD_NOT_FOUND, UPLOAD_BUSY, STORAGE_FULL, or INVALID_FIELD where other bytes are there already, or past a
    /// limit.
    /// </exception>
    public async Task WriteAsync(
        OpenUpload upload, long offset, ReadOnlyMemory<byte> data, uint crc32C, CancellationToken cancellationToken)
    {
        storage.RequireRoom(data.Length);
        var extent = new Extent(offset, offset + data.Length);
        using var part = await upload.BeginPartAsync(extent, options.Value, cancellationToken);
        try
        {
            foreach (var present in part.Present)
            {
                await RequireSameAsync(upload, present, Slice(present), cancellationToken);
            }

            foreach (var missing in part.Missing)
            {
                await upload.Data.WriteAsync(Slice(missing), missing.Start, cancellationToken);
            }

            crashPoints.Pass(CrashPoint.PartWritten);
            var now = time.GetUtcNow();
            upload.Keep([.. part.Missing.Select(piece => new UploadPartRecord(piece, ChecksumOf(piece), now))]);
            crashPoints.Pass(CrashPoint.PartNoted);
        }
        catch (IOException failure) when (DiskFull.Is(failure))
        {
            throw DiskFull.Report(failure);
        }
        catch (ObjectDisposedException) when (upload.IsGone)
        {
            throw UploadErrors.NotFound(upload.Record.UploadId);
        }

        ReadOnlyMemory<byte> Slice(Extent piece) => data.Slice((int)(piece.Start - offset), (int)piece.Length);

        uint ChecksumOf(Extent piece) => piece == extent ? crc32C : Crc32C.Of(Slice(piece).Span);
    }

    /// <summary>A repetition has to be one: nobody is told that bytes are here that are not those stored.</summary>
    private static async Task RequireSameAsync(
        OpenUpload upload, Extent present, ReadOnlyMemory<byte> data, CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(CompareBytes);
        try
        {
            for (var done = 0; done < data.Length;)
            {
                var count = Math.Min(CompareBytes, data.Length - done);
                var read = await upload.Data.ReadAsync(
                    buffer.AsMemory(0, count), present.Start + done, cancellationToken);
                if (read == 0 || !data.Span.Slice(done, read).SequenceEqual(buffer.AsSpan(0, read)))
                {
                    throw ServiceException.InvalidField(
                        "data",
                        FormattableString.Invariant(
                            $"Other bytes were received between {present.Start} and {present.End}: the file changed, ")
                        + "perhaps. Bytes that were acknowledged stay; abort the upload and create a new one.");
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
