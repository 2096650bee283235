using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace ForegSyte.Hosting.Security.Audit;

/// <summary>
/// The audit log's own file. Lines are handed to the operating system one by one, so that a crash of the service loses
/// none; there is no fsync. Where they cannot be written the service goes on, and says so once until they can.
/// </summary>
internal sealed class AuditFile : IDisposable
{
    private readonly Lock _lock = new();
    private readonly AuditOptions _options;
    private readonly ILogger<AuditFile> _logger;
    private FileStream? _stream;
    private bool _isBroken;

    public AuditFile(IOptions<AuditOptions> options, ILogger<AuditFile> logger)
    {
        (_options, _logger) = (options.Value, logger);
        if (IsUsed)
        {
            // Now, so that a path that cannot be written refuses the start.
            _stream = Open();
        }
    }

    /// <summary>Whether there is a file.</summary>
    public bool IsUsed => !string.IsNullOrEmpty(_options.File);

    /// <summary>Appends a line.</summary>
    public void Append(AuditRecord record)
    {
        if (!IsUsed)
        {
            return;
        }

        var line = Encoding.UTF8.GetBytes(record.ToJson() + "\n");
        lock (_lock)
        {
            try
            {
                Write(line);
                _isBroken = false;
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                if (!_isBroken)
                {
                    _logger.LogError(failure, "The audit log {Path} cannot be written", _options.File);
                }

                _isBroken = true;
                _stream?.Dispose();
                _stream = null;
            }
        }
    }

    /// <inheritdoc />
    public void Dispose()
    {
        lock (_lock)
        {
            _stream?.Dispose();
            _stream = null;
        }
    }

    private void Write(byte[] line)
    {
        _stream ??= Open();
        if (_stream.Length > 0 && _stream.Length + line.Length > _options.MaxFileBytes)
        {
            _stream.Dispose();
            _stream = null;
            Rotate();
            _stream = Open();
        }

        _stream.Write(line);
    }

    private FileStream Open()
    {
        var options = new FileStreamOptions
        {
            Mode = FileMode.Append,
            Access = FileAccess.Write,
            Share = FileShare.Read | FileShare.Delete,
            BufferSize = 0,
        };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        return new FileStream(_options.File!, options);
    }

    private void Rotate()
    {
        for (var number = _options.KeptFiles - 1; number > 0; number--)
        {
            if (File.Exists(Numbered(number)))
            {
                File.Move(Numbered(number), Numbered(number + 1), overwrite: true);
            }
        }

        File.Move(_options.File!, Numbered(1), overwrite: true);
    }

    private string Numbered(int number) => string.Create(CultureInfo.InvariantCulture, $"{_options.File}.{number}");
}
