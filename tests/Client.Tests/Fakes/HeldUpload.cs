using ForegSyte.V1;

namespace ForegSyte.Client.Tests.Fakes;

/// <summary>An upload in memory.</summary>
public sealed class HeldUpload(string id, CreateUploadRequest request)
{
    private readonly byte[] _bytes = new byte[request.SizeBytes];
    private readonly bool[] _isThere = new bool[request.SizeBytes];

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

    /// <summary>Most bytes that a part may have; 0 says nothing about it.</summary>
    public int MaxPartBytes { get; init; }

    /// <summary>Offset of the first byte that is missing; null where none is.</summary>
    public long? FirstMissing
    {
        get
        {
            lock (_bytes)
            {
                var index = Array.IndexOf(_isThere, false);
                return index < 0 ? null : index;
            }
        }
    }

    public long Take(UploadPartRequest part)
    {
        lock (_bytes)
        {
            part.Data.Span.CopyTo(_bytes.AsSpan((int)part.Offset));
            _isThere.AsSpan((int)part.Offset, part.Data.Length).Fill(true);
            return _isThere.LongCount(isThere => isThere);
        }
    }

    /// <summary>Loses bytes, as a crash of the machine does with what was not synced.</summary>
    public void Lose(int offset, int length)
    {
        lock (_bytes)
        {
            _isThere.AsSpan(offset, length).Clear();
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
                ReceivedBytes = _isThere.LongCount(isThere => isThere),
            };
            for (var start = Array.IndexOf(_isThere, true); start >= 0;)
            {
                var end = Array.IndexOf(_isThere, false, start);
                end = end < 0 ? _isThere.Length : end;
                upload.Ranges.Add(new ByteRange { Start = start, End = end });
                start = end < _isThere.Length ? Array.IndexOf(_isThere, true, end) : -1;
            }

            return upload;
        }
    }
}
