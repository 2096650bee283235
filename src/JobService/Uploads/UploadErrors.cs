using System.Globalization;
using ForegSyte.Hosting.Errors;
using ForegSyte.Protocol.Text;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Uploads;

/// <summary>The errors of calls about uploads.</summary>
internal static class UploadErrors
{
    private const string Type = "foregsyte.v1.Upload";

    /// <summary>About the time to hash and flush the rest of a complete upload.</summary>
    private static readonly TimeSpan BusyRetryDelay = TimeSpan.FromSeconds(1);

    /// <summary>The upload does not exist.</summary>
    public static ServiceException NotFound(Guid uploadId) =>
        new(
            ErrorReason.UploadNotFound,
            $"There is no upload {uploadId} here: it was submitted, aborted or has expired. Create a new one.")
        {
            Metadata = new Dictionary<string, string> { ["uploadId"] = uploadId.ToString() },
            Resource = (Type, uploadId.ToString()),
        };

    /// <summary>The node with the upload does not answer.</summary>
    public static ServiceException OwnerAway(string node, TimeSpan retryAfter, Exception? cause = null) =>
        new(
            ErrorReason.NodeUnavailable,
            $"The upload is on the node {node}, which does not answer. Retry after the delay in RetryInfo.", cause)
        {
            Metadata = new Dictionary<string, string> { ["node"] = node },
            RetryAfter = retryAfter,
        };

    /// <summary>The caller's way of authentication cannot be passed on to the node with the upload.</summary>
    public static ServiceException OwnerNeedsCredentials(string node) =>
        new(
            ErrorReason.NodeUnavailable,
            $"The upload is on the node {node}, to which a client certificate or a Unix socket cannot be passed on. "
            + "Call that node itself (ListNodes), or use an API key or a token.")
        {
            Metadata = new Dictionary<string, string> { ["node"] = node },
        };

    /// <summary>The node with the upload did not answer in time.</summary>
    public static ServiceException OwnerTooSlow(string node, TimeSpan timeout, Exception cause) =>
        new(
            ErrorReason.DeadlineExceeded,
            $"The node {node}, which has the upload, did not answer by the deadline of the call, or without one within "
            + $"{DurationText.Format(timeout)} (option Node:ForwardTimeout).",
            cause)
        {
            Metadata = new Dictionary<string, string>
            {
                ["node"] = node,
                ["option"] = "Node:ForwardTimeout",
                ["limit"] = DurationText.Format(timeout),
            },
        };

    /// <summary>Another node creates an upload for the same request_id at the same time.</summary>
    public static ServiceException CreatedElsewhere(Guid requestId) =>
        new(
            ErrorReason.UploadBusy,
            $"Another node is creating an upload with the request_id {requestId}. Send the same request again.")
        {
            Metadata = new Dictionary<string, string> { ["requestId"] = requestId.ToString() },
            RetryAfter = BusyRetryDelay,
        };

    /// <summary>Another call completes or removes the upload.</summary>
    public static ServiceException Busy(Guid uploadId) =>
        new(
            ErrorReason.UploadBusy,
            $"Another call is completing or removing upload {uploadId}. Ask for its state with GetUpload.")
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
                $"Upload {uploadId} has {receivedBytes} bytes; the first missing byte is at {missing.Start}. ")
            + "Ask for the received ranges with GetUpload, send the rest, then submit it.")
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

    /// <summary>The received bytes do not have the SHA-256 that CreateUpload announced.</summary>
    public static ServiceException ContentMismatch(Guid uploadId, string expected, string actual) =>
        new(
            ErrorReason.UploadContentMismatch,
            $"The bytes of upload {uploadId} have the SHA-256 {actual}, but CreateUpload announced {expected}. Perhaps "
            + "the file changed during the upload. Abort the upload and send the file again.")
        {
            Metadata = new Dictionary<string, string>
            {
                ["uploadId"] = uploadId.ToString(),
                ["expectedSha256"] = expected,
                ["actualSha256"] = actual,
            },
            Resource = (Type, uploadId.ToString()),
        };

    /// <summary>A part was damaged on its way.</summary>
    public static ServiceException ChecksumMismatch(uint expected, uint actual) =>
        ForField(
            ErrorReason.PartChecksumMismatch, "crc32c",
            FormattableString.Invariant(
                $"data has the CRC-32C {actual}, not {expected}: it was damaged on its way. Send it again."),
            ("value", Text(expected)), ("actual", Text(actual)));

    /// <summary>A part repeats received bytes with other values.</summary>
    public static ServiceException OtherBytes(Extent received) => ServiceException.InvalidField(
        "data",
        FormattableString.Invariant(
            $"Other bytes were received before between {received.Start} and {received.End}. Perhaps the file changed. ")
        + "Acknowledged bytes cannot change; abort the upload and create a new one.");

    /// <summary>A part is too large.</summary>
    public static ServiceException PartTooLarge(long actual, long limit) =>
        ForField(
            ErrorReason.InvalidField, "data",
            FormattableString.Invariant($"data has {actual} bytes, the limit is {limit} bytes ")
            + "(option Upload:MaxPartBytes, Upload.max_part_bytes). Send smaller parts.",
            ("option", "Upload:MaxPartBytes"), ("limit", Text(limit)), ("actualBytes", Text(actual)));

    /// <summary>A part lies partly or wholly outside the upload.</summary>
    public static ServiceException PartOutside(long offset, long bytes, long sizeBytes) =>
        ForField(
            ErrorReason.InvalidField, "offset",
            FormattableString.Invariant($"The part has {bytes} bytes at offset {offset}, but the upload has only ")
            + FormattableString.Invariant($"{sizeBytes} bytes (CreateUploadRequest.size_bytes)."),
            ("value", Text(offset)), ("actualBytes", Text(bytes)), ("sizeBytes", Text(sizeBytes)));

    /// <summary>The part would split the upload into too many ranges.</summary>
    public static ServiceException TooManyRanges(long offset, int limit) =>
        ForField(
            ErrorReason.InvalidField, "offset",
            FormattableString.Invariant(
                $"The part would split the upload into more than {limit} ranges (option Upload:MaxRanges). ")
            + "Send parts that touch received ones.",
            ("option", "Upload:MaxRanges"), ("limit", Text(limit)), ("value", Text(offset)));

    /// <summary>The upload has the maximum number of parts.</summary>
    public static ServiceException TooManyParts(int limit) =>
        ForField(
            ErrorReason.InvalidField, "data",
            FormattableString.Invariant($"The upload has {limit} parts, the maximum (option Upload:MaxParts). ")
            + "Abort it, and send larger parts.",
            ("option", "Upload:MaxParts"), ("limit", Text(limit)));

    /// <summary>The maximum number of uploads is open.</summary>
    public static ServiceException TooMany(int limit) =>
        new(
            ErrorReason.TooManyUploads,
            $"{limit} uploads are open, the maximum of this server (option Upload:MaxOpenUploads). Complete or abort "
            + "some, or try again later.")
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
            $"The request_id {earlier.RequestId} was used before with other values of: {string.Join(", ", fields)}. "
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
