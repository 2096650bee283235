using System.Buffers;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace ForegSyte.Jobs.Uploads;

/// <summary>
/// Hashes a file that arrives in parts, from its beginning as far as there is no gap, while it arrives: when the last
/// part is there, little is left to read. At most one reader at a time; what it reads is mostly still in the page
/// cache.
/// </summary>
/// <param name="file">The file.</param>
/// <param name="turns">Lets so many uploads hash at a time.</param>
internal sealed class PrefixHash(SafeFileHandle file, SemaphoreSlim turns) : IDisposable
{
    private const int BufferBytes = 1 << 20;

    private readonly Lock _lock = new();
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private Task _running = Task.CompletedTask;
    private bool _isRunning;
    private long _wanted;
    private long _hashed;
    private bool _isDisposed;

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
            while (NextOrEnd() is > 0 and var count)
            {
                var read = RandomAccess.Read(file, buffer.AsSpan(0, count), _hashed);
                if (read == 0)
                {
                    throw new IOException("The file of an upload is shorter than what was received.");
                }

                _hash.AppendData(buffer, 0, read);
                _hashed += read;
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

    /// <summary>How much to read next; 0 where there is nothing left, and this run has ended.</summary>
    private int NextOrEnd()
    {
        lock (_lock)
        {
            var count = _isDisposed ? 0 : (int)Math.Min(BufferBytes, _wanted - _hashed);
            _isRunning = count > 0;
            return count;
        }
    }
}
