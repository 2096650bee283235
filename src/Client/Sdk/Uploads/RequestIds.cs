using System.Security.Cryptography;
using ForegSyte.V1;
using Google.Protobuf;

namespace ForegSyte.Client.Uploads;

/// <summary>
/// The request_id of the submission of an upload: the same for the same upload and the same wishes, in every process.
/// So a process that was killed before it heard of its job finds it, and nothing has to be noted for that.
/// </summary>
internal static class RequestIds
{
    private const int UuidBytes = 16;

    /// <summary>A UUID with the marks of version 4 (RFC 9562, 5.4), made of the hash of the request.</summary>
    public static string Of(SubmitVideoRequest request)
    {
        var bytes = SHA256.HashData(request.ToByteArray()).AsSpan(0, UuidBytes);
        bytes[6] = (byte)((bytes[6] & 0x0F) | 0x40);
        bytes[8] = (byte)((bytes[8] & 0x3F) | 0x80);
        return new Guid(bytes, bigEndian: true).ToString();
    }
}
