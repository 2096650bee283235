namespace ForegSyte.Hosting.Security.Certificates;

/// <summary>A caller who shows a client certificate; named by one of Subject and San.</summary>
public sealed class CertificateEntry
{
    /// <value>The whole subject, for example "CN=job-service, O=Example".</value>
    public string? Subject { get; set; }

    /// <value>A subject alternative name: "DNS:job-service.internal", "URI:spiffe://…" or "email:…".</value>
    public string? San { get; set; }

    /// <value>Whom the caller's jobs and uploads belong to.</value>
    public string Tenant { get; set; } = "";

    /// <value>Any of submit, read and admin.</value>
    public IList<string> Permissions { get; } = [];
}
