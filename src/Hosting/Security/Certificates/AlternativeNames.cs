using System.Formats.Asn1;
using System.Security.Cryptography.X509Certificates;

namespace ForegSyte.Hosting.Security.Certificates;

/// <summary>
/// The subject alternative names of a certificate that name a caller (RFC 5280, section 4.2.1.6), in the form of
/// OpenSSL: "DNS:…", "URI:…", "email:…". .NET itself tells only the first kind. Pure.
/// </summary>
internal static class AlternativeNames
{
    private const string Extension = "2.5.29.17";

    private static readonly Asn1Tag Email = new(TagClass.ContextSpecific, 1);
    private static readonly Asn1Tag Dns = new(TagClass.ContextSpecific, 2);
    private static readonly Asn1Tag Uri = new(TagClass.ContextSpecific, 6);

    /// <summary>The names; none where they cannot be read.</summary>
    public static IReadOnlyList<string> Of(X509Certificate2 certificate)
    {
        try
        {
            return [.. certificate.Extensions.Where(found => found.Oid?.Value == Extension).SelectMany(Read)];
        }
        catch (AsnContentException)
        {
            return [];
        }
    }

    private static List<string> Read(X509Extension extension)
    {
        var names = new List<string>();
        var sequence = new AsnReader(extension.RawData, AsnEncodingRules.DER).ReadSequence();
        while (sequence.HasData)
        {
            var tag = sequence.PeekTag();
            if (Kind(tag) is { } kind)
            {
                names.Add($"{kind}:{sequence.ReadCharacterString(UniversalTagNumber.IA5String, tag)}");
            }
            else
            {
                sequence.ReadEncodedValue();
            }
        }

        return names;
    }

    private static string? Kind(Asn1Tag tag) =>
        tag == Email ? "email" : tag == Dns ? "DNS" : tag == Uri ? "URI" : null;
}
