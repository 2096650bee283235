using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text.RegularExpressions;

namespace ForegSyte.Hosting.Security.ApiKeys;

/// <summary>
/// An API key as its holder has it: "fgs_ID.SECRET". The prefix lets scanners find a key that was published by
/// mistake, the id finds its entry and may be logged, and the secret is 256 random bits.
/// </summary>
/// <param name="Id">Lower-case letters, digits and hyphens, at most 40.</param>
/// <param name="Secret">32 random bytes as base64url.</param>
public sealed partial record ApiKeyText(string Id, string Secret)
{
    /// <summary>What every key begins with.</summary>
    public const string Prefix = "fgs_";

    private const int SecretBytes = 32;
    private const int SecretLength = 43;

    /// <summary>Makes a new key.</summary>
    public static ApiKeyText New(string id) =>
        new(id, Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(SecretBytes)));

    /// <summary>Whether an id has the right form.</summary>
    public static bool IsId(string text) => IdForm().IsMatch(text);

    /// <summary>Reads a key; false where it does not have the form of one.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out ApiKeyText? key)
    {
        key = null;
        if (!text.StartsWith(Prefix, StringComparison.Ordinal)
            || text.IndexOf('.', StringComparison.Ordinal) is not (> 0 and var dot)
            || text.Length - dot - 1 != SecretLength || !IsId(text[Prefix.Length..dot]))
        {
            return false;
        }

        key = new ApiKeyText(text[Prefix.Length..dot], text[(dot + 1)..]);
        return true;
    }

    /// <summary>The key as its holder sends it.</summary>
    public string Reveal() => $"{Prefix}{Id}.{Secret}";

    /// <summary>The id alone: the secret never comes into a text by mistake.</summary>
    public override string ToString() => $"{Prefix}{Id}.…";

    [GeneratedRegex(@"^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?\z")]
    private static partial Regex IdForm();
}
