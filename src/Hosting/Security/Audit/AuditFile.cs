using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Text;
using ForegSyte.Protocol.Limits;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace ForegSyte.Hosting.Security.Audit;

/// <summary>
/// The three audit files: changes of tenants, changes of admins, refusals. Callers without credentials can only cause
/// refusals, so that no number of their calls rotates the record of a change away, and no number of calls of a tenant
/// that of an admin's change.
/// </summary>
internal sealed class AuditFiles(IOptions<AuditOptions> options, ILogger<AuditFile> logger) : IDisposable
{
    /// <summary>Calls that changed something, or may have, by callers without the permission admin.</summary>
    public AuditFile Changes { get; } =
        new(options.Value.File, options.Value.MaxFileBytes, options.Value.KeptFiles, logger);

    /// <summary>Calls of admins that changed something, or may have.</summary>
    public AuditFile AdminChanges { get; } =
        new(options.Value.AdminsPath, options.Value.MaxFileBytes, options.Value.KeptFiles, logger);

    /// <summary>Calls that were refused and changed nothing.</summary>
    public AuditFile Refusals { get; } = new(
        options.Value.RefusalsPath, options.Value.MaxRefusalsFileBytes, options.Value.KeptRefusalsFiles, logger);

    /// <summary>Whether any file is configured.</summary>
    public bool AreUsed => Changes.IsUsed || AdminChanges.IsUsed || Refusals.IsUsed;

    /// <inheritdoc />
    public void Dispose()
    {
        Changes.Dispose();
        AdminChanges.Dispose();
        Refusals.Dispose();
    }
}

/// <summary>
/// An audit file, with rotation by size. Each line is written unbuffered, so that a crash of the process loses none;
/// there is no fsync. If a write fails, the service continues and logs one error until writes succeed again.
/// </summary>
internal sealed class AuditFile : IDisposable
{
    private readonly Lock _lock = new();
    private readonly string? _path;
    private readonly long _maxBytes;
    private readonly int _keptFiles;
    private readonly ILogger<AuditFile> _logger;
    private FileStream? _stream;
    private bool _isBroken;

    /// <summary>Opens the file.</summary>
    /// <param name="path">The file; null or empty for none.</param>
    /// <param name="maxBytes">Size at which it is rotated.</param>
    /// <param name="keptFiles">Rotated files to keep.</param>
    /// <param name="logger">Logger for failed writes.</param>
    public AuditFile(string? path, long maxBytes, int keptFiles, ILogger<AuditFile> logger)
    {
        (_path, _maxBytes, _keptFiles, _logger) = (path, maxBytes, keptFiles, logger);
        if (IsUsed)
        {
            // Opened now, so that an unwritable path refuses the start.
            _stream = Open();
        }
    }

    /// <summary>Whether a file is configured.</summary>
    public bool IsUsed => !string.IsNullOrEmpty(_path);

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
                    _logger.LogError(failure, "Audit log {Path} cannot be written", _path);
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
        if (_stream.Length > 0 && _stream.Length + line.Length > _maxBytes)
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

        return new FileStream(_path!, options);
    }

    private void Rotate()
    {
        for (var number = _keptFiles - 1; number > 0; number--)
        {
            if (File.Exists(Numbered(number)))
            {
                File.Move(Numbered(number), Numbered(number + 1), overwrite: true);
            }
        }

        File.Move(_path!, Numbered(1), overwrite: true);
    }

    private string Numbered(int number) => string.Create(CultureInfo.InvariantCulture, $"{_path}.{number}");
}

/// <summary>The audit file. Section "Audit".</summary>
public sealed class AuditOptions
{
    public const string Section = "Audit";

    /// <value>
    /// Path of the audit file, one JSON object per line, in addition to the log. The file is append-only and accessible
    /// to the service's user alone. Null for none. Changes of admins are in a file of their own, see
    /// <see cref="AdminsFile"/>.
    /// </value>
    public string? File { get; set; }

    /// <value>
    /// Path of the file of admins' changes, with the limits of <see cref="File"/>. Null, the default, is
    /// <see cref="File"/> with ".admins" appended.
    /// </value>
    public string? AdminsFile { get; set; }

    /// <value>Size at which the file is rotated: FILE becomes FILE.1, FILE.1 becomes FILE.2, and so on.</value>
    [Range(1L << 10, 1L << 40)]
    [Limit("bytes", "Size of the audit file; it is rotated when it exceeds this.")]
    public long MaxFileBytes { get; set; } = 64L << 20;

    /// <value>Number of rotated files to keep; the oldest is deleted.</value>
    [Range(1, 1000)]
    [Limit("files", "Rotated audit files to keep; the oldest is deleted.")]
    public int KeptFiles { get; set; } = 10;

    /// <value>
    /// Path of the file of refused calls, which changed nothing. Null, the default, is <see cref="File"/> with
    /// ".refused" appended.
    /// </value>
    public string? RefusalsFile { get; set; }

    /// <value>Size at which the file of refused calls is rotated.</value>
    [Range(1L << 10, 1L << 40)]
    [Limit("bytes", "Size of the audit file of refused calls; it is rotated when it exceeds this.")]
    public long MaxRefusalsFileBytes { get; set; } = 16L << 20;

    /// <value>Number of rotated files of refused calls to keep.</value>
    [Range(1, 1000)]
    [Limit("files", "Rotated audit files of refused calls to keep; the oldest is deleted.")]
    public int KeptRefusalsFiles { get; set; } = 3;

    /// <value>
    /// Refused calls to record in a second, in the log and in the file. A line with the outcome LEFT_OUT counts the
    /// others.
    /// </value>
    [Range(1, 100_000)]
    [Limit("calls/s", "Refused calls to record in a second; the audit log only counts the others.")]
    public int MaxRefusalsPerSecond { get; set; } = 50;

    /// <summary>Path of the file of admins' changes; null for none.</summary>
    public string? AdminsPath => PathOf(AdminsFile, ".admins");

    /// <summary>Path of the file of refused calls; null for none.</summary>
    public string? RefusalsPath => PathOf(RefusalsFile, ".refused");

    private string? PathOf(string? configured, string suffix) => !string.IsNullOrEmpty(configured) ? configured
        : !string.IsNullOrEmpty(File) ? $"{File}{suffix}" : null;
}
