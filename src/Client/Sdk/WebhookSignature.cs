using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace ForegSyte.Client;

/// <summary>
/// Verifies messages that a JobService sends to a webhook. They are signed by the Standard Webhooks specification
/// 1.0.0: HMAC-SHA256 over "{id}.{timestamp}.{body}".
/// </summary>
public static class WebhookSignature
{
    private const string SecretPrefix = "whsec_";
    private const string Version = "v1,";

    /// <summary>Maximum difference between the time of a message and the receiver's clock: 5 minutes.</summary>
    public static TimeSpan Tolerance { get; } = TimeSpan.FromMinutes(5);

    /// <summary>Whether a message comes from the holder of a secret and is recent.</summary>
    /// <param name="secret">The secret: "whsec_" and base64.</param>
    /// <param name="id">The header webhook-id.</param>
    /// <param name="timestamp">The header webhook-timestamp, in seconds since 1970.</param>
    /// <param name="signatures">The header webhook-signature, which can have several.</param>
    /// <param name="body">The body, byte for byte as it came.</param>
    /// <param name="now">The receiver's time.</param>
    /// <exception cref="FormatException">The secret is not base64, or empty.</exception>
    public static bool IsValid(
        string secret, string id, string timestamp, string signatures, ReadOnlySpan<byte> body, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(secret);
        ArgumentNullException.ThrowIfNull(id);
        ArgumentNullException.ThrowIfNull(timestamp);
        ArgumentNullException.ThrowIfNull(signatures);
        var key = Convert.FromBase64String(
            secret.StartsWith(SecretPrefix, StringComparison.Ordinal) ? secret[SecretPrefix.Length..] : secret);
        if (key.Length == 0)
        {
            throw new FormatException("The secret is empty.");
        }

        if (!long.TryParse(timestamp, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)
            || Math.Abs(now.ToUnixTimeSeconds() - seconds) > Tolerance.TotalSeconds)
        {
            return false;
        }

        byte[] signed = [.. Encoding.UTF8.GetBytes($"{id}.{timestamp}."), .. body];
        var expected = Encoding.ASCII.GetBytes(Version + Convert.ToBase64String(HMACSHA256.HashData(key, signed)));
        return signatures.Split(' ')
            .Any(signature => CryptographicOperations.FixedTimeEquals(expected, Encoding.UTF8.GetBytes(signature)));
    }
}
