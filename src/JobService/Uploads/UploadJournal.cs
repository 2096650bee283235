using System.Buffers.Binary;
using System.Text.Json;
using ForegSyte.Protocol.Checksums;
using Microsoft.Win32.SafeHandles;

namespace ForegSyte.Jobs.Uploads;

/// <summary>
/// The file that says what an upload is and which parts of it are there: a header, then a record for each part in the
/// order of their arrival. A record is appended after the part's bytes were handed to the operating system, so that
/// the end of the process loses neither; what a crash of the machine loses is found by the checksums. Pure form; the
/// writing is positional, by one writer at a time.
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

    /// <summary>What the upload is.</summary>
    public UploadJournalHeader Header { get; }

    /// <summary>How many records there are.</summary>
    public int RecordCount { get; private set; }

    /// <summary>Makes the file of a new upload.</summary>
    /// <exception cref="IOException">It is there already, or the disk is full.</exception>
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
    /// Opens a file and reads its records up to the first that is not whole, after which it is cut; null where it has
    /// no whole header: the upload was never acknowledged, or the machine lost it.
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
    /// <exception cref="IOException">The disk is full; the record is not there.</exception>
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

    /// <summary>Returns when the file is on the disk.</summary>
    public void Flush() => RandomAccess.FlushToDisk(_file);

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
