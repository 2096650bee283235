using System.Security.Cryptography;
using System.Text;

namespace ForegSyte.Jobs;

/// <summary>
/// The request ids of a tenant: the same id of two tenants are two requests, and neither learns of the other's. What
/// is stored is a UUID of version 8 (RFC 9562, section 5.8) with 122 bits of the SHA-256 of both, so that one key
/// serves for all tenants; without a tenant it is the caller's id itself. Pure.
/// </summary>
internal static class TenantRequestId
{
    /// <summary>What the id of a caller of this tenant is stored as.</summary>
    public static Guid Of(string tenant, Guid requestId)
    {
        if (tenant.Length == 0)
        {
            return requestId;
        }

        // The id has a fixed length, so that no other pair has the same bytes.
        byte[] pair = [.. requestId.ToByteArray(bigEndian: true), .. Encoding.UTF8.GetBytes(tenant)];
        var bytes = SHA256.HashData(pair).AsSpan(0, 16);
        bytes[6] = (byte)((bytes[6] & 0x0F) | 0x80);
        bytes[8] = (byte)((bytes[8] & 0x3F) | 0x80);
        return new Guid(bytes, bigEndian: true);
    }
}
