using ForegSyte.Hosting.Errors;

namespace ForegSyte.Jobs.Uploads;

/// <summary>
/// An upload that is there: what came of it, and who works on it. A byte is written once: bytes that are there never
/// change, so that they can be hashed while others arrive, and a part that is sent again writes nothing. Safe for many
/// threads.
/// </summary>
internal sealed class OpenUpload : IDisposable
{
    private readonly Lock _lock = new();
    private readonly UploadJournal _journal;
    private readonly ExtentSet _present = new();
    private readonly List<ArrivingPart> _arriving = [];
    private readonly PrefixHash _hash;
    private DateTimeOffset _lastChangeAt;
    private bool _isHeld;

    /// <param name="data">The file of the bytes; belongs to the upload.</param>
    /// <param name="journal">The file of what is there; belongs to the upload.</param>
    /// <param name="parts">What is there already.</param>
    /// <param name="hashing">How it is hashed.</param>
    public OpenUpload(
        DataFile data, UploadJournal journal, IReadOnlyList<UploadPartRecord> parts, UploadHashing hashing)
    {
        Data = data;
        _journal = journal;
        _lastChangeAt = Record.CreatedAt;
        _hash = hashing.Begin(data);
        foreach (var part in parts)
        {
            _present.Add(part.Extent);
            _lastChangeAt = part.ReceivedAt > _lastChangeAt ? part.ReceivedAt : _lastChangeAt;
        }

        _hash.Advance(_present.PrefixEnd);
    }

    /// <summary>What CreateUpload was told.</summary>
    public UploadRecord Record => _journal.Header.Upload;

    /// <summary>The bytes, at their offsets.</summary>
    public DataFile Data { get; }

    /// <summary>Whether the upload was submitted, aborted or has expired.</summary>
    public bool IsGone { get; private set; }

    /// <summary>Bytes that are still to come.</summary>
    public long MissingBytes
    {
        get
        {
            lock (_lock)
            {
                return Record.SizeBytes - _present.Bytes;
            }
        }
    }

    /// <summary>What is there now.</summary>
    public UploadStatus StatusOf(TimeSpan lifetime)
    {
        lock (_lock)
        {
            return new UploadStatus(Record, _present.Bytes, _present.ToList(), _lastChangeAt + lifetime);
        }
    }

    /// <summary>
    /// Begins the arrival of a part: those bytes of it that are not there become the caller's to write, until
    /// <see cref="ArrivingPart.Dispose"/>. Waits while others write some of them.
    /// </summary>
    /// <exception cref="ServiceException">UPLOAD_NOT_FOUND, UPLOAD_BUSY, or INVALID_FIELD past a limit.</exception>
    public async Task<ArrivingPart> BeginPartAsync(
        Extent part, UploadOptions limits, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task other;
            lock (_lock)
            {
                RequireOpen();
                var missing = _present.MissingIn(part);
                if (_arriving.Find(arriving => missing.Any(arriving.Writes)) is not { } first)
                {
                    RequireWithinLimits(part, missing.Count, limits);
                    var arriving = new ArrivingPart(this, part, missing);
                    _arriving.Add(arriving);
                    return arriving;
                }

                other = first.Ended;
            }

            await other.WaitAsync(cancellationToken);
        }
    }

    /// <summary>Notes that bytes are there.</summary>
    /// <param name="pieces">Which.</param>
    /// <exception cref="IOException">The disk is full.</exception>
    public void Keep(IReadOnlyList<UploadPartRecord> pieces)
    {
        lock (_lock)
        {
            if (IsGone)
            {
                throw UploadErrors.NotFound(Record.UploadId);
            }

            foreach (var piece in pieces)
            {
                _journal.Append(piece);
                _present.Add(piece.Extent);
                _lastChangeAt = piece.ReceivedAt;
            }

            _hash.Advance(_present.PrefixEnd);
        }
    }

    /// <summary>Ends the arrival of a part, whatever came of it.</summary>
    public void End(ArrivingPart part)
    {
        lock (_lock)
        {
            _arriving.Remove(part);
        }
    }

    /// <summary>Holds the upload for its completion: nobody else completes, removes or changes it.</summary>
    /// <exception cref="ServiceException">UPLOAD_BUSY or UPLOAD_INCOMPLETE.</exception>
    public void Hold()
    {
        lock (_lock)
        {
            RequireOpen();
            var whole = new Extent(0, Record.SizeBytes);
            if (_present.MissingIn(whole) is [var missing, ..])
            {
                throw UploadErrors.Incomplete(Record.UploadId, missing, _present.Bytes);
            }

            _isHeld = true;
        }
    }

    /// <summary>Lets the upload go as it was.</summary>
    public void LetGo()
    {
        lock (_lock)
        {
            _isHeld = false;
        }
    }

    /// <summary>The SHA-256 of a complete upload.</summary>
    public Task<string> HashAsync(CancellationToken cancellationToken) => _hash.FinishAsync(cancellationToken);

    /// <summary>Ends the upload, if nobody holds it and its time is over; its files can be removed then.</summary>
    /// <param name="unchangedSince">It ends only if nothing came after this.</param>
    public bool TryEnd(DateTimeOffset unchangedSince)
    {
        lock (_lock)
        {
            if (_isHeld || IsGone || _lastChangeAt > unchangedSince)
            {
                return false;
            }

            IsGone = true;
            return true;
        }
    }

    /// <summary>Ends the upload for the one who holds it.</summary>
    public void EndHeld()
    {
        lock (_lock)
        {
            IsGone = true;
        }
    }

    /// <summary>Closes the files. Who still reads or writes them ends first.</summary>
    public void Dispose()
    {
        _hash.Dispose();
        _journal.Dispose();
        Data.Dispose();
    }

    private void RequireOpen()
    {
        if (IsGone)
        {
            throw UploadErrors.NotFound(Record.UploadId);
        }

        if (_isHeld)
        {
            throw UploadErrors.Busy(Record.UploadId);
        }
    }

    private void RequireWithinLimits(Extent part, int pieces, UploadOptions limits)
    {
        if (pieces == 0)
        {
            return;
        }

        if (_present.CountAfter(part) + _arriving.Count > limits.MaxRanges)
        {
            throw UploadErrors.TooManyRanges(part.Start, limits.MaxRanges);
        }

        if (_journal.RecordCount + _arriving.Count + pieces > limits.MaxParts)
        {
            throw UploadErrors.TooManyParts(limits.MaxParts);
        }
    }
}
