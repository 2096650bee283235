using System.Globalization;
using ForegSyte.Hosting.Errors;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Uploads;

/// <summary>What is wrong with a call about an upload.</summary>
internal static class UploadErrors
{
    private const string Type = "foregsyte.v1.Upload";

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
        ServiceException.ForField(
            ErrorReason.PartChecksumMismatch, "crc32c",
            FormattableString.Invariant(
                $"The data has the CRC-32C {actual}, not {expected}: it was changed on the way. Send it again."),
            expected);

    /// <summary>As many uploads are open as may be.</summary>
    public static ServiceException TooMany(int limit) =>
        new(
            ErrorReason.TooManyUploads,
            $"{limit} uploads are open, as many as this server takes (option Upload:MaxOpenUploads). Complete or abort "
            + "some, or come back later.")
        {
            Metadata = new Dictionary<string, string>
            {
                ["limit"] = "Upload:MaxOpenUploads",
                ["limitUploads"] = Text(limit),
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

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
