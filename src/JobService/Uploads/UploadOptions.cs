using System.ComponentModel.DataAnnotations;
using ForegSyte.Hosting.Configuration;
using ForegSyte.Protocol.Limits;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Uploads;

/// <summary>What UploadService takes. Section "Upload".</summary>
internal sealed class UploadOptions
{
    public const string Section = "Upload";

    /// <summary>Largest part, in bytes.</summary>
    /// <value>64 KiB to 64 MiB; 8 MiB by default.</value>
    [Range(64 << 10, 64 << 20)]
    [Limit(
        "bytes", "Largest part of an upload; a larger one is refused.",
        Reason = ErrorReason.InvalidField)]
    public int MaxPartBytes { get; set; } = 8 << 20;

    /// <summary>Uploads that may be open. Past that CreateUpload answers TOO_MANY_UPLOADS.</summary>
    /// <value>1 to 10000; 500 by default. Each has three open files.</value>
    [Range(1, 10_000)]
    [Limit(
        "uploads", "Uploads that are open at the same time; one more is refused.",
        Reason = ErrorReason.TooManyUploads)]
    public int MaxOpenUploads { get; set; } = 500;

    /// <summary>Ranges that an upload may have: parts may come in any order, but not without end.</summary>
    /// <value>64 to 10000; 10000 by default.</value>
    [Range(64, 10_000)]
    [Limit(
        "ranges", "Ranges of bytes that an upload may have; a part that would make one more is refused.",
        Reason = ErrorReason.InvalidField)]
    public int MaxRanges { get; set; } = 10_000;

    /// <summary>Parts that an upload may have, repetitions not counted.</summary>
    /// <value>1000 to 1000000; 200000 by default. Each costs 28 bytes of disk.</value>
    [Range(1_000, 1_000_000)]
    [Limit(
        "parts", "Parts that an upload may have, repetitions not counted; one more is refused.",
        Reason = ErrorReason.InvalidField)]
    public int MaxParts { get; set; } = 200_000;

    /// <summary>How long an upload is kept after its latest part.</summary>
    /// <value>1 minute to 365 days; 7 days by default.</value>
    [TimeRange("00:01:00", "365.00:00:00")]
    [Limit(
        "", "How long an upload is kept after its latest part; past it it is removed.",
        Reason = ErrorReason.UploadNotFound)]
    public TimeSpan Lifetime { get; set; } = TimeSpan.FromDays(7);
}
