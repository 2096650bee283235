using ForegSyte.V1;

namespace ForegSyte.Client.Tests.Fakes;

/// <summary>An upload in memory.</summary>
public sealed class InMemoryUpload(string id, CreateUploadRequest request)
{
    private readonly byte[] _bytes = new byte[request.SizeBytes];
    private readonly bool[] _received = new bool[request.SizeBytes];

    public string Id => id;

    public CreateUploadRequest Request => request;

    public byte[] Bytes
    {
        get
        {
            lock (_bytes)
            {
                return [.. _bytes];
            }
        }
    }

    /// <summary>Maximum part size; 0 means none.</summary>
    public int MaxPartBytes { get; init; }

    /// <summary>Offset of the first missing byte; null if the upload is complete.</summary>
    public long? FirstMissing
    {
        get
        {
            lock (_bytes)
            {
                var index = Array.IndexOf(_received, false);
                return index < 0 ? null : index;
            }
        }
    }

    public long Take(UploadPartRequest part)
    {
        lock (_bytes)
        {
            part.Data.Span.CopyTo(_bytes.AsSpan((int)part.Offset));
            _received.AsSpan((int)part.Offset, part.Data.Length).Fill(true);
            return _received.LongCount(received => received);
        }
    }

    /// <summary>Loses bytes, as a machine crash loses unsynced writes.</summary>
    public void Lose(int offset, int length)
    {
        lock (_bytes)
        {
            _received.AsSpan(offset, length).Clear();
            _bytes.AsSpan(offset, length).Clear();
        }
    }

    public Upload Describe()
    {
        lock (_bytes)
        {
            var upload = new Upload
            {
                UploadId = id,
                SizeBytes = request.SizeBytes,
                MaxPartBytes = MaxPartBytes,
                ReceivedBytes = _received.LongCount(received => received),
            };
            for (var start = Array.IndexOf(_received, true); start >= 0;)
            {
                var end = Array.IndexOf(_received, false, start);
                end = end < 0 ? _received.Length : end;
                upload.Ranges.Add(new ByteRange { Start = start, End = end });
                start = end < _received.Length ? Array.IndexOf(_received, true, end) : -1;
            }

            return upload;
        }
    }
}
