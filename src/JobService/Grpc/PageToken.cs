using System.Buffers.Binary;
using System.Buffers.Text;
using System.IO.Hashing;
using System.Text;

namespace ForegSyte.Jobs.Grpc;

/// <summary>
/// Opaque page tokens (AIP-158): URL-safe, bound to the arguments of the call that made them, and without authority: a
/// token says where a page begins and nothing about who may read it. The checksum finds mistakes, not attackers; what a
/// forged token can reach is what its caller may read anyway.
/// </summary>
internal static class PageToken
{
    /// <summary>Longest token that is looked at, in characters.</summary>
    public const int MaxLength = 512;

    private const int ChecksumBytes = sizeof(ulong);

    /// <summary>Makes a token.</summary>
    /// <param name="arguments">The method and those arguments that have to stay the same.</param>
    /// <param name="position">Where the next page begins.</param>
    public static string Make(string arguments, string position)
    {
        var text = Encoding.UTF8.GetBytes(position);
        var bytes = new byte[ChecksumBytes + text.Length];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, Checksum(arguments, position));
        text.CopyTo(bytes, ChecksumBytes);
        return Base64Url.EncodeToString(bytes);
    }

    /// <summary>Reads a token; null where it was not made for these arguments.</summary>
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

    private static ulong Checksum(string arguments, string position) =>
        XxHash64.HashToUInt64(Encoding.UTF8.GetBytes($"{arguments}\n{position}"));
}
