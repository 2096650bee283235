using System.Security.Cryptography;
using ForegSyte.Hosting.Files;
using Microsoft.Extensions.Logging;

namespace ForegSyte.Hosting.Configuration;

/// <summary>
/// The parsed content of one or several related files, reloaded when they change. It polls the files by path, which
/// also detects renamed and relinked files, as Kubernetes uses them for secrets.
/// </summary>
/// <remarks>
/// A change applies when two consecutive polls read the same content, so that a half-written file is ignored. An
/// unreadable or invalid file is logged and the previous content stays in use.
/// </remarks>
/// <typeparam name="T">The parsed content; immutable.</typeparam>
public sealed class WatchedFile<T> : IDisposable
    where T : class
{
    /// <summary>Maximum file size in bytes.</summary>
    private const int MaxBytes = 1 << 20;

    private readonly Lock _polling = new();
    private readonly string _name;
    private readonly IReadOnlyList<string> _paths;
    private readonly string? _secretPath;
    private readonly Func<IReadOnlyList<byte[]>, T> _parse;
    private readonly TimeSpan _interval;
    private readonly ILogger _logger;
    private readonly ITimer _timer;
    private T _current;
    private string _appliedHash;
    private string _lastHash;

    /// <summary>Reads the files and starts polling.</summary>
    /// <param name="name">Setting with the path, for messages.</param>
    /// <param name="paths">The files; relative paths start from the current directory.</param>
    /// <param name="parse">Parses the contents; throws if they are invalid.</param>
    /// <param name="interval">Polling interval.</param>
    /// <param name="time">Clock.</param>
    /// <param name="logger">Logger for reloads.</param>
    /// <param name="secretPath">
    /// The file that other users must not read; null for none. No file may be writable for all.
    /// </param>
    /// <exception cref="InvalidFileException">
    /// A file is unreadable or invalid, or accessible to other users.
    /// </exception>
    public WatchedFile(
        string name, IReadOnlyList<string> paths, Func<IReadOnlyList<byte[]>, T> parse, TimeSpan interval,
        TimeProvider time, ILogger logger, string? secretPath = null)
    {
        (_name, _paths, _parse, _interval, _logger) = (name, paths, parse, interval, logger);
        _secretPath = secretPath;
        try
        {
            var contents = Read();
            _appliedHash = _lastHash = HashOf(contents);
            _current = parse(contents);
        }
        catch (Exception failure)
        {
            throw new InvalidFileException(Describe(failure), failure);
        }

        _timer = time.CreateTimer(_ => Poll(), state: null, interval, interval);
    }

    /// <summary>The last valid content.</summary>
    public T Current => Volatile.Read(ref _current);

    /// <inheritdoc />
    public void Dispose() => _timer.Dispose();

    private void Poll()
    {
        if (!_polling.TryEnter())
        {
            // The previous poll of a slow disk is still running.
            return;
        }

        try
        {
            ApplyChange();
        }
        catch (Exception failure)
        {
            // Logged once, because the next poll finds this content already applied.
            _logger.LogError(
                "{Name} has an invalid change; the previous content stays in use: {Problem}",
                _name, Describe(failure));
        }
        finally
        {
            _polling.Exit();
        }
    }

    private void ApplyChange()
    {
        IReadOnlyList<byte[]> contents;
        try
        {
            contents = Read();
        }
        catch (Exception) when (_lastHash.Length > 0)
        {
            // The file may be missing for a moment while it is replaced. It is logged if it is still missing at the
            // next poll.
            _lastHash = "";
            return;
        }
        catch (Exception) when (_appliedHash.Length == 0)
        {
            return;
        }
        catch
        {
            _appliedHash = "";
            throw;
        }

        var hash = HashOf(contents);
        var isSettled = hash == _lastHash;
        _lastHash = hash;
        if (hash == _appliedHash || !isSettled)
        {
            return;
        }

        _appliedHash = hash;
        Volatile.Write(ref _current, _parse(contents));
        _logger.LogInformation("{Name} reloaded", _name);
    }

    private List<byte[]> Read() => [.. _paths.Select(ReadOne)];

    private byte[] ReadOne(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        FileProtection.Require(file.SafeFileHandle, path, path == _secretPath);
        var bytes = new byte[MaxBytes + 1];
        var length = file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
        return length <= MaxBytes
            ? bytes[..length]
            : throw new FormatException($"The file has more than {MaxBytes} bytes.");
    }

    private static string HashOf(IReadOnlyList<byte[]> contents) =>
        string.Join(':', contents.Select(content => Convert.ToHexString(SHA256.HashData(content))));

    private string Describe(Exception failure) => $"{_name} ({string.Join(", ", _paths)}): {failure.Message}";
}

/// <summary>A file of the configuration is unreadable or invalid; the service refuses to start.</summary>
/// <param name="message">Which file and why, for the operator. Contains none of the file's content.</param>
/// <param name="innerException">The cause.</param>
public sealed class InvalidFileException(string message, Exception innerException)
    : Exception(message, innerException);
