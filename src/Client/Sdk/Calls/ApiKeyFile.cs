using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace ForegSyte.Client.Calls;

/// <summary>
/// A file with an API key that may be replaced. It is read by time and not by its own time stamp: a mounted secret is a
/// symbolic link, whose time stamp stays when it comes to lead elsewhere.
/// </summary>
internal sealed class ApiKeyFile
{
    private static readonly TimeSpan ReadInterval = TimeSpan.FromSeconds(5);

    private readonly Lock _lock = new();
    private readonly string _path;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private string _key;
    private long _readAt;

    /// <summary>Reads the file.</summary>
    /// <exception cref="ArgumentException">It cannot be read, or has no key.</exception>
    public ApiKeyFile(string path, TimeProvider clock, ILoggerFactory? loggers)
    {
        _path = path;
        _clock = clock;
        _logger = (loggers ?? NullLoggerFactory.Instance).CreateLogger<ForegSyteClient>();
        _key = CallSecret.ReadFile(path);
        _readAt = clock.GetTimestamp();
    }

    /// <summary>The key that the file has, or had at most a few seconds ago.</summary>
    public string Read()
    {
        lock (_lock)
        {
            // Not by the time of day: a clock that was set back would keep a key that was replaced.
            if (_clock.GetElapsedTime(_readAt) >= ReadInterval)
            {
                _readAt = _clock.GetTimestamp();
                ReadAgain();
            }

            return _key;
        }
    }

    private void ReadAgain()
    {
        try
        {
            _key = CallSecret.ReadFile(_path);
        }
        catch (ArgumentException failure)
        {
            // Files are gone for a moment while they are replaced; whether the last key still counts, the server knows.
            _logger.LogWarning("{Failure} Calls go on with the last key.", failure.Message);
        }
    }
}
