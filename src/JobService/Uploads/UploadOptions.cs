using System.ComponentModel.DataAnnotations;
using ForegSyte.Hosting.Configuration;
using ForegSyte.Protocol.Limits;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Uploads;

/// <summary>The limits of UploadService. Section "Upload".</summary>
internal sealed class UploadOptions
{
    public const string Section = "Upload";

    /// <summary>Maximum size of a part, in bytes.</summary>
    /// <value>64 KiB to 64 MiB; 8 MiB by default.</value>
    [Range(64 << 10, 64 << 20)]
    [Limit("bytes", "Maximum size of a part of an upload; larger ones are refused.", Reason = ErrorReason.InvalidField)]
    public int MaxPartBytes { get; set; } = 8 << 20;

    /// <summary>Maximum number of open uploads. Above it CreateUpload returns TOO_MANY_UPLOADS.</summary>
    /// <value>1 to 10000; 500 by default. Each upload has two open files.</value>
    [Range(1, 10_000)]
    [Limit(
        "uploads", "Maximum number of open uploads; above it CreateUpload is refused.",
        Reason = ErrorReason.TooManyUploads)]
    public int MaxOpenUploads { get; set; } = 500;

    /// <summary>Maximum number of separate byte ranges of an upload. Parts may arrive in any order.</summary>
    /// <value>64 to 10000; 10000 by default.</value>
    [Range(64, 10_000)]
    [Limit(
        "ranges", "Maximum number of separate byte ranges of an upload; a part above it is refused.",
        Reason = ErrorReason.InvalidField)]
    public int MaxRanges { get; set; } = 10_000;

    /// <summary>Maximum number of parts of an upload, excluding repetitions.</summary>
    /// <value>1000 to 1000000; 200000 by default. Each costs 28 bytes of disk.</value>
    [Range(1_000, 1_000_000)]
    [Limit(
        "parts", "Maximum number of parts of an upload, excluding repetitions; a part above it is refused.",
        Reason = ErrorReason.InvalidField)]
    public int MaxParts { get; set; } = 200_000;

    /// <summary>How long an upload without a part is kept, at most <see cref="Lifetime"/>.</summary>
    /// <value>1 minute to 365 days; 1 hour by default.</value>
    [TimeRange("00:01:00", "365.00:00:00")]
    [Limit(
        "", "How long an upload is kept in which no part has arrived; then it is removed.",
        Reason = ErrorReason.UploadNotFound)]
    public TimeSpan UnusedLifetime { get; set; } = TimeSpan.FromHours(1);

    /// <summary>How long an upload is kept after its latest part.</summary>
    /// <value>1 minute to 365 days; 7 days by default.</value>
    [TimeRange("00:01:00", "365.00:00:00")]
    [Limit(
        "", "How long an upload is kept after its latest part; then it is removed.",
        Reason = ErrorReason.UploadNotFound)]
    public TimeSpan Lifetime { get; set; } = TimeSpan.FromDays(7);
}
