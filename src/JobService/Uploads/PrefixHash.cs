using System.Buffers;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace ForegSyte.Jobs.Uploads;

/// <summary>Creates the hashes of uploads. They use half of the processors; the other half receives parts.</summary>
internal sealed class UploadHashing : IDisposable
{
    private readonly SemaphoreSlim _slots = new(Math.Max(1, Environment.ProcessorCount / 2));

    /// <summary>Creates the hash of an upload without parts.</summary>
    public PrefixHash Create(SafeFileHandle file) => new(file, _slots);

    /// <inheritdoc />
    public void Dispose() => _slots.Dispose();
}

/// <summary>
/// The SHA-256 of an upload, computed in the background over the bytes from offset 0 to the first gap while later parts
/// still arrive, so that little is left to hash when the upload completes.
/// </summary>
/// <param name="file">The data file of the upload.</param>
/// <param name="slots">Limits how many uploads hash at the same time.</param>
internal sealed class PrefixHash(SafeFileHandle file, SemaphoreSlim slots) : IDisposable
{
    private const int BufferBytes = 1 << 20;

    /// <summary>Number of bytes after which hashed pages leave the page cache.</summary>
    private const int ReleaseBytes = 8 << 20;

    private readonly Lock _lock = new();
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private Task _running = Task.CompletedTask;
    private bool _isRunning;
    private long _prefixEnd;
    private long _hashed;
    private bool _isDisposed;

    /// <summary>Hashes up to an offset in the background. The bytes before it must never change.</summary>
    public void Advance(long prefixEnd)
    {
        lock (_lock)
        {
            if (!_isDisposed && prefixEnd > _prefixEnd)
            {
                _prefixEnd = prefixEnd;
                Start();
            }
        }
    }

    /// <summary>Waits for the background work and returns the SHA-256 as lower-case hexadecimal digits.</summary>
    /// <exception cref="IOException">The file cannot be read; the next call tries again.</exception>
    public async Task<string> FinishAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            Task running;
            lock (_lock)
            {
                ObjectDisposedException.ThrowIf(_isDisposed, this);
                if (!_isRunning && _hashed == _prefixEnd)
                {
                    return Convert.ToHexStringLower(_hash.GetCurrentHash());
                }

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

    /// <summary>Starts the background work unless it runs. The caller holds the lock.</summary>
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
        await slots.WaitAsync();
        var buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            while (TryGetNext(out var count))
            {
                var read = RandomAccess.Read(file, buffer.AsSpan(0, count), _hashed);
                if (read == 0)
                {
                    throw new IOException("The data file of the upload is shorter than the received bytes.");
                }

                _hash.AppendData(buffer, 0, read);
                _hashed += read;
                if (_hashed % ReleaseBytes < read)
                {
                    PageCache.Release(file, _hashed);
                }
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
            slots.Release();
        }
    }

    /// <summary>The number of bytes to hash next; false when all are hashed, which ends this run.</summary>
    private bool TryGetNext(out int count)
    {
        lock (_lock)
        {
            count = (int)Math.Min(BufferBytes, _prefixEnd - _hashed);
            _isRunning = count > 0 && !_isDisposed;
            return _isRunning;
        }
    }
}

/// <summary>The operating system's cache of file contents.</summary>
internal static class PageCache
{
    // linux/fadvise.h
    private const int DontNeed = 4;

    /// <summary>
    /// Starts to write the changed bytes at the beginning of a file to the disk, and frees the memory of those that are
    /// there already. Reading them again is slower; nothing is lost.
    /// </summary>
    /// <remarks>
    /// The next bytes reuse this memory. Other memory can cost 2 s of processor time per GB on a virtual machine (ADR
    /// 13), and a large upload would displace the files that others read.
    /// </remarks>
    public static void Release(SafeFileHandle file, long length)
    {
        if (OperatingSystem.IsLinux())
        {
            // Advice: a failure changes nothing, and the sync of the complete file reports write errors.
            _ = Advise(file, 0, length, DontNeed);
        }
    }

    [DllImport("libc", EntryPoint = "posix_fadvise")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Advise(SafeFileHandle file, long offset, long length, int advice);
}
