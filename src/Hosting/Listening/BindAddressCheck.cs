using System.Net;
using System.Text;
using ForegSyte.Hosting.Security;
using Microsoft.Extensions.Options;

namespace ForegSyte.Hosting.Listening;

/// <summary>Refuses a listener that lets more callers in than anybody asked for, and one that cannot work.</summary>
internal sealed class BindAddressCheck(
    AccessRules rules, IOptions<SecurityOptions> security, IOptions<TlsOptions> tls)
    : IValidateOptions<ListenerOptions>
{
    /// <inheritdoc />
    public ValidateOptionsResult Validate(string? name, ListenerOptions options) =>
        Problem(options) is { } problem ? ValidateOptionsResult.Fail(problem) : ValidateOptionsResult.Success;

    private string? Problem(ListenerOptions options)
    {
        if (!IPAddress.TryParse(options.Address, out _))
        {
            return "Listen:Address has to be an IP address, for example 127.0.0.1, ::1 or 0.0.0.0.";
        }

        if (options.UnixSocket is { } path
            && (!Path.IsPathFullyQualified(path) || Encoding.UTF8.GetByteCount(path) > UnixSocket.MaxPathBytes))
        {
            return $"Listen:UnixSocket has to be an absolute path of at most {UnixSocket.MaxPathBytes} bytes.";
        }

        if (rules.AllowAnonymous && !rules.IsOpen)
        {
            return "Security:AllowAnonymous lets everyone in, so that the keys, tokens or certificates of Security "
                + "would keep nobody out. Set one or the other.";
        }

        if (options.IsReachable && rules.IsOpen && !rules.AllowAnonymous)
        {
            return $"Listen:Address is {options.Address}, which other machines reach, and nothing says who may call. "
                + "Set Security:ApiKeysFile (\"ForegSyte.JobService keys new\" makes a key), Security:Jwt or "
                + "Security:Certificates; or Security:AllowAnonymous=true, if everyone who reaches it may do "
                + "everything.";
        }

        return CertificateProblem();
    }

    private string? CertificateProblem()
    {
        var hasCertificate = !string.IsNullOrEmpty(tls.Value.CertificateFile);
        var hasClientCa = !string.IsNullOrEmpty(tls.Value.ClientCaFile);
        return (hasCertificate, hasClientCa) switch
        {
            (false, true) => "Listen:Tls:ClientCaFile needs Listen:Tls:CertificateFile.",
            (false, false) when !string.IsNullOrEmpty(tls.Value.KeyFile) =>
                "Listen:Tls:KeyFile needs Listen:Tls:CertificateFile.",
            (_, false) when security.Value.Certificates.Count > 0 =>
                "Security:Certificates needs Listen:Tls:ClientCaFile, the authority of those certificates.",
            (_, false) when tls.Value.RequireClientCertificate =>
                "Listen:Tls:RequireClientCertificate needs Listen:Tls:ClientCaFile.",
            (_, true) when rules.IsOpen =>
                "Listen:Tls:ClientCaFile says whose certificates are right, but nothing says what their holders may "
                + "do: list them in Security:Certificates.",
            _ => null,
        };
    }
}
