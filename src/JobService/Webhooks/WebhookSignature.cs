using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace ForegSyte.Jobs.Webhooks;

/// <summary>
/// Signs messages by the Standard Webhooks specification 1.0.0 (standardwebhooks.com): HMAC-SHA256 over
/// "{id}.{timestamp}.{body}". Pure.
/// </summary>
internal static class WebhookSignature
{
    /// <summary>The header with the id of the message.</summary>
    public const string IdHeader = "webhook-id";

    /// <summary>The header with the time of the try, in seconds since 1970.</summary>
    public const string TimestampHeader = "webhook-timestamp";

    /// <summary>The header with the signatures.</summary>
    public const string SignatureHeader = "webhook-signature";

    private const string Version = "v1,";

    /// <summary>The value of the header: a signature for each secret, so that receivers can change theirs in time.
    /// </summary>
    public static string Of(
        IEnumerable<byte[]> secrets, string id, DateTimeOffset time, ReadOnlySpan<byte> body)
    {
        var head = Encoding.ASCII.GetBytes(string.Create(
            CultureInfo.InvariantCulture, $"{id}.{time.ToUnixTimeSeconds()}."));
        byte[] signed = [.. head, .. body];
        return string.Join(
            ' ', secrets.Select(secret => Version + Convert.ToBase64String(HMACSHA256.HashData(secret, signed))));
    }
}
