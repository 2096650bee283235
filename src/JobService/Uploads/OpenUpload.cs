using ForegSyte.Hosting.Errors;
using Microsoft.Win32.SafeHandles;

namespace ForegSyte.Jobs.Uploads;

/// <summary>A snapshot of an upload.</summary>
/// <param name="Record">The upload.</param>
/// <param name="ReceivedBytes">Number of received bytes.</param>
/// <param name="Extents">The received bytes: ascending, disjoint, never touching.</param>
/// <param name="ExpiresAt">Time of removal unless another part arrives.</param>
internal sealed record UploadStatus(
    UploadRecord Record, long ReceivedBytes, IReadOnlyList<Extent> Extents, DateTimeOffset ExpiresAt);

/// <summary>
/// An upload that is neither submitted nor removed. Every byte is written once: received bytes never change, so that
/// they can be hashed while later parts arrive, and a repeated part writes nothing. Thread-safe.
/// </summary>
internal sealed class OpenUpload : IDisposable
{
    private readonly Lock _lock = new();
    private readonly UploadJournal _journal;
    private readonly ExtentSet _received = new();
    private readonly List<PartReservation> _arriving = [];
    private readonly PrefixHash _hash;
    private DateTimeOffset _lastChangeAt;
    private bool _isHeld;

    /// <param name="data">The data file; the upload disposes it.</param>
    /// <param name="journal">The journal; the upload disposes it.</param>
    /// <param name="parts">The parts that were received before.</param>
    /// <param name="hashing">Creates the hash.</param>
    public OpenUpload(
        SafeFileHandle data, UploadJournal journal, IReadOnlyList<UploadPartRecord> parts, UploadHashing hashing)
    {
        Data = data;
        _journal = journal;
        _lastChangeAt = Record.CreatedAt;
        _hash = hashing.Create(data);
        foreach (var part in parts)
        {
            _received.Add(part.Extent);
            _lastChangeAt = part.ReceivedAt > _lastChangeAt ? part.ReceivedAt : _lastChangeAt;
        }

        _hash.Advance(_received.PrefixEnd);
    }

    /// <summary>The upload as CreateUpload described it.</summary>
    public UploadRecord Record => _journal.Header.Upload;

    /// <summary>The data file, with each byte at its offset.</summary>
    public SafeFileHandle Data { get; }

    /// <summary>Whether the upload was submitted, aborted or has expired.</summary>
    public bool IsRemoved { get; private set; }

    /// <summary>Number of bytes that are still missing.</summary>
    public long MissingBytes
    {
        get
        {
            lock (_lock)
            {
                return Record.SizeBytes - _received.Bytes;
            }
        }
    }

    /// <summary>The current state.</summary>
    public UploadStatus StatusOf(UploadOptions limits)
    {
        lock (_lock)
        {
            return new UploadStatus(Record, _received.Bytes, _received.ToList(), ExpiresAt(limits));
        }
    }

    /// <summary>
    /// Reserves the missing bytes of a part for the caller until it disposes the reservation. Waits while other calls
    /// write some of these bytes.
    /// </summary>
    /// <exception cref="ServiceException">UPLOAD_NOT_FOUND, UPLOAD_BUSY, or INVALID_FIELD beyond a limit.</exception>
    public async Task<PartReservation> ReserveAsync(
        Extent part, UploadOptions limits, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task other;
            lock (_lock)
            {
                RequireOpen();
                var missing = _received.MissingIn(part);
                if (_arriving.Find(arriving => missing.Any(arriving.Writes)) is not { } first)
                {
                    RequireWithinLimits(part, missing.Count, limits);
                    var reservation = new PartReservation(this, part, missing);
                    _arriving.Add(reservation);
                    return reservation;
                }

                other = first.Ended;
            }

            await other.WaitAsync(cancellationToken);
        }
    }

    /// <summary>Adds written bytes to the journal and to the received bytes.</summary>
    /// <exception cref="ServiceException">UPLOAD_NOT_FOUND.</exception>
    /// <exception cref="IOException">The disk is full.</exception>
    public void Add(IReadOnlyList<UploadPartRecord> written)
    {
        lock (_lock)
        {
            if (IsRemoved)
            {
                throw UploadErrors.NotFound(Record.UploadId);
            }

            foreach (var piece in written)
            {
                _journal.Append(piece);
                _received.Add(piece.Extent);
                _lastChangeAt = piece.ReceivedAt;
            }

            _hash.Advance(_received.PrefixEnd);
        }
    }

    /// <summary>Ends a reservation, after success or failure.</summary>
    public void Release(PartReservation part)
    {
        lock (_lock)
        {
            _arriving.Remove(part);
        }
    }

    /// <summary>Holds a complete upload: no other call completes, removes or changes it.</summary>
    /// <exception cref="ServiceException">UPLOAD_BUSY or UPLOAD_INCOMPLETE.</exception>
    public void Hold()
    {
        lock (_lock)
        {
            RequireOpen();
            var whole = new Extent(0, Record.SizeBytes);
            if (_received.MissingIn(whole) is [var missing, ..])
            {
                throw UploadErrors.Incomplete(Record.UploadId, missing, _received.Bytes);
            }

            _isHeld = true;
        }
    }

    /// <summary>Ends the hold and leaves the upload as it was.</summary>
    public void EndHold()
    {
        lock (_lock)
        {
            _isHeld = false;
        }
    }

    /// <summary>The SHA-256 of a complete upload.</summary>
    public Task<string> HashAsync(CancellationToken cancellationToken) => _hash.FinishAsync(cancellationToken);

    /// <summary>Marks the upload as removed unless it is held.</summary>
    public bool TryMarkRemoved()
    {
        lock (_lock)
        {
            if (_isHeld || IsRemoved)
            {
                return false;
            }

            IsRemoved = true;
            return true;
        }
    }

    /// <summary>Marks the upload as removed if it has expired and is not held.</summary>
    public bool TryMarkExpired(DateTimeOffset now, UploadOptions limits)
    {
        lock (_lock)
        {
            return ExpiresAt(limits) <= now && TryMarkRemoved();
        }
    }

    /// <summary>Marks a held upload as removed.</summary>
    public void MarkHeldRemoved()
    {
        lock (_lock)
        {
            IsRemoved = true;
        }
    }

    /// <summary>Closes the files after the reads and writes that are under way.</summary>
    public void Dispose()
    {
        _hash.Dispose();
        _journal.Dispose();
        Data.Dispose();
    }

    private DateTimeOffset ExpiresAt(UploadOptions limits) =>
        _lastChangeAt + (_received.Bytes == 0 && limits.UnusedLifetime < limits.Lifetime
            ? limits.UnusedLifetime
            : limits.Lifetime);

    private void RequireOpen()
    {
        if (IsRemoved)
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

        if (_received.CountAfter(part) + _arriving.Count > limits.MaxRanges)
        {
            throw UploadErrors.TooManyRanges(part.Start, limits.MaxRanges);
        }

        if (_journal.RecordCount + _arriving.Count + pieces > limits.MaxParts)
        {
            throw UploadErrors.TooManyParts(limits.MaxParts);
        }
    }
}

/// <summary>The exclusive right to write the missing bytes of a part.</summary>
/// <param name="upload">The upload.</param>
/// <param name="extent">The whole part.</param>
/// <param name="missing">The bytes to write, ascending.</param>
internal sealed class PartReservation(OpenUpload upload, Extent extent, IReadOnlyList<Extent> missing) : IDisposable
{
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The bytes to write, ascending.</summary>
    public IReadOnlyList<Extent> Missing => missing;

    /// <summary>The bytes of the part that were received before, ascending.</summary>
    public IEnumerable<Extent> Received
    {
        get
        {
            var start = extent.Start;
            foreach (var gap in missing.Append(new Extent(extent.End, extent.End)))
            {
                if (gap.Start > start)
                {
                    yield return new Extent(start, gap.Start);
                }

                start = gap.End;
            }
        }
    }

    /// <summary>Completes when the reservation is disposed.</summary>
    public Task Ended => _ended.Task;

    /// <summary>Whether the reservation covers one of these bytes.</summary>
    public bool Writes(Extent other) => missing.Any(other.Overlaps);

    /// <inheritdoc />
    public void Dispose()
    {
        upload.Release(this);
        _ended.TrySetResult();
    }
}
