using System.Globalization;
using System.Text.RegularExpressions;
using ForegSyte.Hosting.Errors;
using ForegSyte.Jobs.Backups;
using ForegSyte.V1;
using Google.Protobuf.WellKnownTypes;
using Message = ForegSyte.V1.Backup;

namespace ForegSyte.Jobs.Grpc;

/// <summary>CreateBackup.</summary>
internal sealed partial class ServerBackups(BackupRunner runner, TimeProvider time)
{
    /// <summary>Maximum length of a backup_id in characters.</summary>
    public const int MaxIdLength = 64;

    /// <summary>Begins a backup, or returns the one with the id.</summary>
    /// <exception cref="ServiceException">INVALID_FIELD, and those of <see cref="BackupRunner.Begin"/>.</exception>
    public CreateBackupResponse Begin(CreateBackupRequest request)
    {
        var backupId = request.BackupId.Length > 0
            ? request.BackupId
            : time.GetUtcNow().ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture);
        return backupId.Length <= MaxIdLength && IsValid().IsMatch(backupId)
            ? new CreateBackupResponse { Backup = MessageOf(runner.Begin(backupId)) }
            : throw ServiceException.InvalidField(
                "backup_id",
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"backup_id must be 1 to {MaxIdLength} letters, digits, hyphens, underscores and dots, and begin ")
                + "with a letter or a digit.",
                backupId);
    }

    private static Message MessageOf(Backups.Backup backup) => new()
    {
        BackupId = backup.BackupId,
        State = backup.State,
        Path = backup.Folder,
        StartedAt = backup.StartedAt.ToTimestamp(),
        EndedAt = backup.EndedAt?.ToTimestamp(),
        JobCount = backup.Jobs,
        FileCount = backup.Files,
        SizeBytes = backup.Bytes,
        CopiedBytes = backup.CopiedBytes,
        Error = backup.Error,
    };

    [GeneratedRegex(@"^[A-Za-z0-9][A-Za-z0-9._-]*\z", RegexOptions.CultureInvariant)]
    private static partial Regex IsValid();
}
