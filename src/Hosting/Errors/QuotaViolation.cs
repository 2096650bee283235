namespace ForegSyte.Hosting.Errors;

/// <summary>A quota that is used up.</summary>
/// <param name="Subject">Whose quota, for example "tenant:acme".</param>
/// <param name="Description">Which one and how large it is, a full sentence.</param>
public sealed record QuotaViolation(string Subject, string Description);
