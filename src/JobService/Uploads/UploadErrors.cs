using System.Globalization;
using ForegSyte.Hosting.Errors;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Uploads;

/// <summary>What is wrong with a call about an upload.</summary>
internal static class UploadErrors
{
    private const string Type = "foregsyte.v1.Upload";

    /// <summary>About what is left to hash, and to flush, of a complete upload.</summary>
    private static readonly TimeSpan BusyRetryDelay = TimeSpan.FromSeconds(1);

    /// <summary>There is no such upload.</summary>
    public static ServiceException NotFound(Guid uploadId) =>
        new(
            ErrorReason.UploadNotFound,
            $"There is no upload {uploadId} here: it was submitted, aborted or has expired. Create a new one.")
        {
            Metadata = new Dictionary<string, string> { ["uploadId"] = uploadId.ToString() },
            Resource = (Type, uploadId.ToString()),
        };

    /// <summary>Another call completes or removes the upload.</summary>
    public static ServiceException Busy(Guid uploadId) =>
        new(
            ErrorReason.UploadBusy,
            $"Upload {uploadId} is being completed or removed by another call. Ask with GetUpload what came of it.")
        {
            Metadata = new Dictionary<string, string> { ["uploadId"] = uploadId.ToString() },
            Resource = (Type, uploadId.ToString()),
            RetryAfter = BusyRetryDelay,
        };

    /// <summary>Bytes are missing.</summary>
    public static ServiceException Incomplete(Guid uploadId, Extent missing, long receivedBytes) =>
        new(
            ErrorReason.UploadIncomplete,
            FormattableString.Invariant(
                $"Upload {uploadId} has {receivedBytes} bytes; the first that is missing is at {missing.Start}. ")
            + "Ask with GetUpload what is there, send the rest, and submit it then.")
        {
            Metadata = new Dictionary<string, string>
            {
                ["uploadId"] = uploadId.ToString(),
                ["receivedBytes"] = Text(receivedBytes),
                ["missingStart"] = Text(missing.Start),
                ["missingEnd"] = Text(missing.End),
            },
            Resource = (Type, uploadId.ToString()),
        };

    /// <summary>The bytes are not those that CreateUpload announced.</summary>
    public static ServiceException ContentMismatch(Guid uploadId, string expected, string actual) =>
        new(
            ErrorReason.UploadContentMismatch,
            $"The bytes of upload {uploadId} have the SHA-256 {actual}, CreateUpload was told {expected}: the file "
            + "changed while it was sent, perhaps. Abort the upload and send the file again.")
        {
            Metadata = new Dictionary<string, string>
            {
                ["uploadId"] = uploadId.ToString(),
                ["expectedSha256"] = expected,
                ["actualSha256"] = actual,
            },
            Resource = (Type, uploadId.ToString()),
        };

    /// <summary>A part was changed on the way.</summary>
    public static ServiceException ChecksumMismatch(uint expected, uint actual) =>
        ForField(
            ErrorReason.PartChecksumMismatch, "crc32c",
            FormattableString.Invariant(
                $"The data has the CRC-32C {actual}, not {expected}: it was changed on the way. Send it again."),
            ("value", Text(expected)), ("actual", Text(actual)));

    /// <summary>A part is larger than may be.</summary>
    public static ServiceException PartTooLarge(long actual, long limit) =>
        ForField(
            ErrorReason.InvalidField, "data",
            FormattableString.Invariant($"data has {actual} bytes, the limit is {limit} bytes ")
            + "(option Upload:MaxPartBytes, Upload.max_part_bytes). Send smaller parts.",
            ("option", "Upload:MaxPartBytes"), ("limit", Text(limit)), ("actualBytes", Text(actual)));

    /// <summary>A part begins before the upload, or ends after it.</summary>
    public static ServiceException PartOutside(long offset, long bytes, long sizeBytes) =>
        ForField(
            ErrorReason.InvalidField, "offset",
            FormattableString.Invariant($"The part begins at {offset} and has {bytes} bytes; the upload has the bytes ")
            + FormattableString.Invariant($"0 to {sizeBytes}, as CreateUpload was told."),
            ("value", Text(offset)), ("actualBytes", Text(bytes)), ("sizeBytes", Text(sizeBytes)));

    /// <summary>A part would make the upload consist of too many ranges.</summary>
    public static ServiceException TooManyRanges(long offset, int limit) =>
        ForField(
            ErrorReason.InvalidField, "offset",
            FormattableString.Invariant(
                $"The part would make more than {limit} ranges (option Upload:MaxRanges). Send parts that touch ")
            + "those that are there.",
            ("option", "Upload:MaxRanges"), ("limit", Text(limit)), ("value", Text(offset)));

    /// <summary>The upload has as many parts as it may.</summary>
    public static ServiceException TooManyParts(int limit) =>
        ForField(
            ErrorReason.InvalidField, "data",
            FormattableString.Invariant($"The upload has {limit} parts already (option Upload:MaxParts). ")
            + "Abort it, and send larger parts.",
            ("option", "Upload:MaxParts"), ("limit", Text(limit)));

    /// <summary>As many uploads are open as may be.</summary>
    public static ServiceException TooMany(int limit) =>
        new(
            ErrorReason.TooManyUploads,
            $"{limit} uploads are open, as many as this server takes (option Upload:MaxOpenUploads). Complete or abort "
            + "some, or come back later.")
        {
            Metadata = new Dictionary<string, string>
            {
                ["option"] = "Upload:MaxOpenUploads",
                ["limit"] = Text(limit),
            },
        };

    /// <summary>The request_id was used for another upload.</summary>
    public static ServiceException RequestIdConflict(UploadRecord earlier, IReadOnlyList<string> fields) =>
        new(
            ErrorReason.RequestIdConflict,
            $"The request_id {earlier.RequestId} was used before with another {string.Join(", ", fields)}. "
            + "Use a new request_id for a new request.")
        {
            Metadata = new Dictionary<string, string>
            {
                ["requestId"] = earlier.RequestId.ToString()!,
                ["fields"] = string.Join(",", fields),
                ["uploadId"] = earlier.UploadId.ToString(),
            },
        };

    private static ServiceException ForField(
        ErrorReason reason, string field, string message, params (string Key, string Value)[] metadata) =>
        new(reason, message)
        {
            FieldViolations = [new FieldViolation(field, message)],
            Metadata = metadata.Append(("field", field)).ToDictionary(),
        };

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
