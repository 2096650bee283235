using ForegSyte.Hosting.Files;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Webhooks;

/// <summary>
/// The secrets that sign messages, each time read from their files, so that a changed file needs no restart.
/// </summary>
internal sealed class WebhookSecrets(IOptions<WebhookOptions> options)
{
    /// <summary>Maximum number of secrets in a file.</summary>
    public const int MaxSecrets = 5;

    private const string Prefix = "whsec_";

    /// <summary>The limits of the Standard Webhooks specification.</summary>
    private const int MinBytes = 24;
    private const int MaxBytes = 64;

    /// <summary>Far above five secrets with comments.</summary>
    private const int MaxFileBytes = 64 << 10;

    /// <summary>The file of a tenant's submissions; null if it has none.</summary>
    public string? FileOfTenant(string tenant)
    {
        var file = tenant.Length == 0
            ? options.Value.SecretFile
            : options.Value.TenantSecretFiles.TryGetValue(tenant, out var own) ? own : "";
        return file.Length == 0 ? null : file;
    }

    /// <summary>The secrets for a message; empty if none are configured.</summary>
    /// <exception cref="FormatException">The file is no list of secrets, or other users can read it.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">The file cannot be read.</exception>
    public IReadOnlyList<byte[]> Of(DeliveryRecord delivery)
    {
        var file = delivery.Endpoint.Length == 0
            ? FileOfTenant(delivery.Tenant)
            : options.Value.Endpoints.FirstOrDefault(endpoint => endpoint.Name == delivery.Endpoint)?.SecretFile;
        return file is null or "" ? [] : Read(file);
    }

    /// <summary>Reads a file of secrets.</summary>
    /// <exception cref="FormatException">The file is no list of secrets, or other users can read it.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">The file cannot be read.</exception>
    public static IReadOnlyList<byte[]> Read(string file)
    {
        FileProtection.Require(file, isSecret: true);
        return new FileInfo(file).Length <= MaxFileBytes
            ? Parse(File.ReadAllLines(file))
            : throw new FormatException($"The file has more than {MaxFileBytes} bytes.");
    }

    /// <summary>Parses the lines of a file; empty lines and those that begin with # count for nothing.</summary>
    /// <exception cref="FormatException">A line is no secret; the message does not contain it.</exception>
    public static IReadOnlyList<byte[]> Parse(IEnumerable<string> lines)
    {
        var secrets = lines.Select(line => line.Trim())
            .Where(line => line.Length > 0 && line[0] != '#')
            .Select(ParseOne)
            .ToList();
        return secrets.Count is > 0 and <= MaxSecrets
            ? secrets
            : throw new FormatException($"The file has {secrets.Count} secrets; it must have 1 to {MaxSecrets}.");
    }

    private static byte[] ParseOne(string line)
    {
        var bytes = new byte[MaxBytes + 3];
        return line.StartsWith(Prefix, StringComparison.Ordinal)
            && Convert.TryFromBase64String(line[Prefix.Length..], bytes, out var length)
            && length is >= MinBytes and <= MaxBytes
                ? bytes[..length]
                : throw new FormatException(
                    $"A line is no secret: {Prefix} and the base64 of {MinBytes} to {MaxBytes} random bytes, as "
                    + $"\"{Prefix}$(openssl rand -base64 32)\" makes it.");
    }
}
