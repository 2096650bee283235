using System.Buffers.Binary;
using System.Buffers.Text;
using System.IO.Hashing;
using System.Text;
using ForegSyte.Hosting.Errors;
using ForegSyte.V1;

namespace ForegSyte.Hosting.Paging;

/// <summary>
/// Opaque page tokens (AIP-158): URL-safe, and bound to the arguments of the call that returned them. The checksum
/// finds mistakes, not attacks: a token grants nothing, so a forged one reaches only what its caller can read anyway.
/// </summary>
public static class PageToken
{
    /// <summary>Maximum length of a token in characters.</summary>
    public const int MaxLength = 512;

    private const int ChecksumBytes = sizeof(ulong);

    /// <summary>Creates a token.</summary>
    /// <param name="arguments">The method and the arguments that the next call must repeat.</param>
    /// <param name="position">Start of the next page.</param>
    public static string Make(string arguments, string position)
    {
        var text = Encoding.UTF8.GetBytes(position);
        var bytes = new byte[ChecksumBytes + text.Length];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, Checksum(arguments, position));
        text.CopyTo(bytes, ChecksumBytes);
        return Base64Url.EncodeToString(bytes);
    }

    /// <summary>The position in a token; null if the token was not created for these arguments.</summary>
    public static string? Read(string arguments, string token)
    {
        if (token.Length > MaxLength || !Base64Url.IsValid(token))
        {
            return null;
        }

        var bytes = Base64Url.DecodeFromChars(token);
        if (bytes.Length < ChecksumBytes)
        {
            return null;
        }

        var position = Encoding.UTF8.GetString(bytes.AsSpan(ChecksumBytes));
        return BinaryPrimitives.ReadUInt64LittleEndian(bytes) == Checksum(arguments, position) ? position : null;
    }

    /// <summary>The error of a token that was not created for these arguments.</summary>
    public static ServiceException Invalid() => ServiceException.ForField(
        ErrorReason.InvalidPageToken,
        "page_token",
        "page_token must be the next_page_token of a call of this method with the same other arguments. "
        + "Leave it empty for the first page.");

    private static ulong Checksum(string arguments, string position) =>
        XxHash64.HashToUInt64(Encoding.UTF8.GetBytes($"{arguments}\n{position}"));
}
