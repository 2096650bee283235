using System.Buffers;
using System.Security.Cryptography;

namespace ForegSyte.Jobs.Uploads;

/// <summary>
/// Hashes a file that arrives in parts, from its beginning as far as there is no gap, while it arrives: when the last
/// part is there, little is left. Parts whose turn comes soon are hashed from memory, the others are read again. One
/// hashes at a time.
/// </summary>
/// <param name="file">The file.</param>
/// <param name="recent">Keeps parts in memory for a while.</param>
/// <param name="turns">Lets so many uploads hash at a time.</param>
internal sealed class PrefixHash(DataFile file, RecentParts recent, SemaphoreSlim turns) : IDisposable
{
    private const int BufferBytes = 1 << 20;

    /// <summary>Past so many those that are not in memory any more are forgotten.</summary>
    private const int ManyParts = 1024;

    private readonly Lock _lock = new();
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly SortedList<long, RecentPart> _parts = [];
    private Task _running = Task.CompletedTask;
    private bool _isRunning;
    private long _wanted;
    private long _hashed;
    private bool _isDisposed;

    /// <summary>
    /// Lends the bytes of a part that is there now, behind all that <see cref="Advance"/> was told of, so that they
    /// need not be read again.
    /// </summary>
    public void Lend(long offset, PartBuffer part)
    {
        lock (_lock)
        {
            if (_isDisposed)
            {
                return;
            }

            if (_parts.Count >= ManyParts)
            {
                foreach (var gone in _parts.Where(known => !known.Value.IsThere).Select(known => known.Key).ToList())
                {
                    _parts.Remove(gone);
                }
            }

            _parts.Add(offset, recent.Keep(part));
        }
    }

    /// <summary>Tells that everything before an offset is there and never changes; it is hashed in the background.
    /// </summary>
    public void Advance(long prefixEnd)
    {
        lock (_lock)
        {
            if (_isDisposed || prefixEnd <= _wanted)
            {
                return;
            }

            _wanted = prefixEnd;
            Start();
        }
    }

    /// <summary>The SHA-256 of everything that <see cref="Advance"/> was told of, as lower-case digits.</summary>
    /// <exception cref="IOException">The file could not be read.</exception>
    public async Task<string> FinishAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            Task running;
            lock (_lock)
            {
                ObjectDisposedException.ThrowIf(_isDisposed, this);
                if (!_isRunning && _hashed == _wanted)
                {
                    return Convert.ToHexStringLower(_hash.GetCurrentHash());
                }

                // One that failed is tried again.
                Start();
                running = _running;
            }

            await running.WaitAsync(cancellationToken);
        }
    }

    /// <inheritdoc />
    public void Dispose()
    {
        lock (_lock)
        {
            _isDisposed = true;
            foreach (var part in _parts.Values)
            {
                part.Take()?.Dispose();
            }

            _parts.Clear();
            _running.ContinueWith(
                _ => _hash.Dispose(),
                CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }
    }

    /// <summary>To be called in the lock.</summary>
    private void Start()
    {
        if (!_isRunning)
        {
            _isRunning = true;
            _running = Task.Run(RunAsync);
        }
    }

    private async Task RunAsync()
    {
        await turns.WaitAsync();
        var buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            while (NextOrEnd(out var part) is > 0 and var count)
            {
                _hashed += part is null ? Append(buffer.AsSpan(0, count)) : Append(part);
            }
        }
        catch
        {
            lock (_lock)
            {
                _isRunning = false;
            }

            throw;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
            turns.Release();
        }
    }

    private int Append(PartBuffer part)
    {
        using (part)
        {
            _hash.AppendData(part.Data.Span);
            return part.Length;
        }
    }

    private int Append(Span<byte> buffer)
    {
        var read = file.Read(buffer, _hashed);
        if (read == 0)
        {
            throw new IOException("The file of an upload is shorter than what was received.");
        }

        _hash.AppendData(buffer[..read]);
        return read;
    }

    /// <summary>
    /// How many bytes are next, and the part that has them, which is the caller's then; null where they have to be
    /// read. 0 where there is nothing left, and this run has ended.
    /// </summary>
    private int NextOrEnd(out PartBuffer? part)
    {
        lock (_lock)
        {
            part = null;
            if (_isDisposed || _hashed == _wanted)
            {
                _isRunning = false;
                return 0;
            }

            if (_parts.Remove(_hashed, out var recent) && (part = recent.Take()) is not null)
            {
                return part.Length;
            }

            // What is read ends where a part begins that may be in memory.
            var end = _parts.Count > 0 ? Math.Min(_wanted, _parts.GetKeyAtIndex(0)) : _wanted;
            return (int)Math.Min(BufferBytes, end - _hashed);
        }
    }
}
