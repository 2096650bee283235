using System.Buffers.Binary;
using System.Text.Json;
using ForegSyte.Jobs.Storage;
using ForegSyte.Protocol.Checksums;
using Microsoft.Win32.SafeHandles;

namespace ForegSyte.Jobs.Uploads;

/// <summary>An upload as CreateUpload described it. Never changes.</summary>
/// <param name="UploadId">The server's id.</param>
/// <param name="SizeBytes">Size of the whole video.</param>
/// <param name="Sha256">SHA-256 of the whole video, 64 lower-case hexadecimal digits; null if not given.</param>
/// <param name="RequestId">The caller's idempotency key; null if not given.</param>
/// <param name="CreatedAt">Time of CreateUpload.</param>
/// <param name="Tenant">The tenant that owns it; empty without tenants.</param>
internal sealed record UploadRecord(
    Guid UploadId, long SizeBytes, string? Sha256, Guid? RequestId, DateTimeOffset CreatedAt, string Tenant = "")
{
    /// <summary>Whether a caller who can see one tenant, or all if it is null, can see this upload.</summary>
    public bool IsVisibleTo(string? visibleTenant) => visibleTenant is null || visibleTenant == Tenant;
}

/// <summary>The header of a journal.</summary>
/// <param name="Upload">The upload.</param>
/// <param name="BootId">
/// The boot of the operating system in which the journal was created; empty if unknown. After another boot the records
/// must be verified.
/// </param>
internal sealed record UploadJournalHeader(UploadRecord Upload, string BootId)
{
    // Linux: random(4), "/proc interfaces".
    private const string BootIdPath = "/proc/sys/kernel/random/boot_id";

    /// <summary>The id of this boot; empty if the operating system has none.</summary>
    public static string CurrentBootId { get; } =
        File.Exists(BootIdPath) ? File.ReadAllText(BootIdPath).Trim() : "";
}

/// <summary>Received bytes of an upload.</summary>
/// <param name="Extent">Their position.</param>
/// <param name="Crc32C">Their CRC-32C.</param>
/// <param name="ReceivedAt">Time of arrival.</param>
internal readonly record struct UploadPartRecord(Extent Extent, uint Crc32C, DateTimeOffset ReceivedAt);

/// <summary>
/// The file that describes an upload: a header, then a record for each received part in order of arrival. A record is
/// appended after the part's bytes were handed to the operating system, so that the end of the process loses neither;
/// the checksums find what a crash of the machine loses. One writer at a time.
/// </summary>
/// <remarks>
/// All numbers are little-endian. Header: its length (4 bytes), UTF-8 JSON of <see cref="UploadJournalHeader"/>,
/// CRC-32C of the JSON (4). Record: start (8), length (4), CRC-32C of the part's bytes (4), arrival in Unix
/// milliseconds (8), CRC-32C of the 24 bytes before (4).
/// </remarks>
internal sealed class UploadJournal : IDisposable
{
    private const int RecordLength = 28;
    private const int MaxHeaderLength = 4096;

    private readonly SafeFileHandle _file;
    private long _length;

    private UploadJournal(SafeFileHandle file, UploadJournalHeader header, long length, int records)
    {
        _file = file;
        _length = length;
        Header = header;
        RecordCount = records;
    }

    /// <summary>The header.</summary>
    public UploadJournalHeader Header { get; }

    /// <summary>Number of records.</summary>
    public int RecordCount { get; private set; }

    /// <summary>Creates the journal of a new upload.</summary>
    /// <exception cref="IOException">The file exists, or the disk is full.</exception>
    public static UploadJournal Create(string path, UploadJournalHeader header)
    {
        var file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.Read | FileShare.Delete);
        try
        {
            var json = JsonSerializer.SerializeToUtf8Bytes(header);
            var bytes = new byte[json.Length + (2 * sizeof(int))];
            BinaryPrimitives.WriteInt32LittleEndian(bytes, json.Length);
            json.CopyTo(bytes, sizeof(int));
            BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(sizeof(int) + json.Length), Crc32C.Of(json));
            RandomAccess.Write(file, bytes, fileOffset: 0);
            return new UploadJournal(file, header, bytes.Length, records: 0);
        }
        catch
        {
            file.Dispose();
            File.Delete(path);
            throw;
        }
    }

    /// <summary>
    /// Opens a journal, reads its records up to the first incomplete one and truncates it there. Returns null if the
    /// header is incomplete: the upload was never acknowledged, or a crash of the machine lost it.
    /// </summary>
    public static (UploadJournal Journal, IReadOnlyList<UploadPartRecord> Records)? Open(string path)
    {
        var file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.Read | FileShare.Delete);
        if (ReadHeader(file) is not var (header, start))
        {
            file.Dispose();
            return null;
        }

        var records = ReadRecords(file, start);
        var length = start + ((long)records.Count * RecordLength);
        RandomAccess.SetLength(file, length);
        return (new UploadJournal(file, header, length, records.Count), records);
    }

    /// <summary>Appends a record.</summary>
    /// <exception cref="IOException">The disk is full; the record is not part of the journal.</exception>
    public void Append(UploadPartRecord part)
    {
        Span<byte> record = stackalloc byte[RecordLength];
        BinaryPrimitives.WriteInt64LittleEndian(record, part.Extent.Start);
        BinaryPrimitives.WriteInt32LittleEndian(record[8..], (int)part.Extent.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(record[12..], part.Crc32C);
        BinaryPrimitives.WriteInt64LittleEndian(record[16..], part.ReceivedAt.ToUnixTimeMilliseconds());
        BinaryPrimitives.WriteUInt32LittleEndian(record[24..], Crc32C.Of(record[..24]));
        RandomAccess.Write(_file, record, _length);
        _length += RecordLength;
        RecordCount++;
    }

    /// <summary>Writes the journal to the disk (fsync).</summary>
    /// <exception cref="IOException">The journal could not be synced.</exception>
    public void Flush() => DiskSync.SyncFile(_file, "of an upload's journal");

    /// <inheritdoc />
    public void Dispose() => _file.Dispose();

    private static (UploadJournalHeader Header, long End)? ReadHeader(SafeFileHandle file)
    {
        var prefix = new byte[sizeof(int)];
        if (RandomAccess.Read(file, prefix, 0) < prefix.Length
            || BinaryPrimitives.ReadInt32LittleEndian(prefix) is not (> 0 and <= MaxHeaderLength and var length))
        {
            return null;
        }

        var bytes = new byte[length + sizeof(uint)];
        if (RandomAccess.Read(file, bytes, prefix.Length) < bytes.Length
            || BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(length)) != Crc32C.Of(bytes.AsSpan(0, length)))
        {
            return null;
        }

        var header = JsonSerializer.Deserialize<UploadJournalHeader>(bytes.AsSpan(0, length))!;
        return (header, prefix.Length + bytes.Length);
    }

    private static List<UploadPartRecord> ReadRecords(SafeFileHandle file, long start)
    {
        var parts = new List<UploadPartRecord>();
        var bytes = new byte[RandomAccess.GetLength(file) - start];
        var read = RandomAccess.Read(file, bytes, start);
        for (var at = 0; read - at >= RecordLength; at += RecordLength)
        {
            var record = bytes.AsSpan(at, RecordLength);
            if (BinaryPrimitives.ReadUInt32LittleEndian(record[24..]) != Crc32C.Of(record[..24]))
            {
                break;
            }

            var offset = BinaryPrimitives.ReadInt64LittleEndian(record);
            parts.Add(new UploadPartRecord(
                new Extent(offset, offset + BinaryPrimitives.ReadInt32LittleEndian(record[8..])),
                BinaryPrimitives.ReadUInt32LittleEndian(record[12..]),
                DateTimeOffset.FromUnixTimeMilliseconds(BinaryPrimitives.ReadInt64LittleEndian(record[16..]))));
        }

        return parts;
    }
}
