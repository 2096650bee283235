using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Text;
using ForegSyte.Protocol.Limits;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace ForegSyte.Hosting.Security.Audit;

/// <summary>
/// The audit file, with rotation by size. Each line is written unbuffered, so that a crash of the process loses none;
/// there is no fsync. If a write fails, the service continues and logs one error until writes succeed again.
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
            // Opened now, so that an unwritable path refuses the start.
            _stream = Open();
        }
    }

    /// <summary>Whether a file is configured.</summary>
    public bool IsUsed => !string.IsNullOrEmpty(_options.File);

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
                    _logger.LogError(failure, "Audit log {Path} cannot be written", _options.File);
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

/// <summary>The audit file. Section "Audit".</summary>
public sealed class AuditOptions
{
    public const string Section = "Audit";

    /// <value>
    /// Path of the audit file, one JSON object per line, in addition to the log. The file is append-only and accessible
    /// to the service's user alone. Null for none.
    /// </value>
    public string? File { get; set; }

    /// <value>Size at which the file is rotated: FILE becomes FILE.1, FILE.1 becomes FILE.2, and so on.</value>
    [Range(1L << 10, 1L << 40)]
    [Limit("bytes", "Size of the audit file; it is rotated when it exceeds this.")]
    public long MaxFileBytes { get; set; } = 64L << 20;

    /// <value>Number of rotated files to keep; the oldest is deleted.</value>
    [Range(1, 1000)]
    [Limit("files", "Rotated audit files to keep; the oldest is deleted.")]
    public int KeptFiles { get; set; } = 10;
}
