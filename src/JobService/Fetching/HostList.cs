namespace ForegSyte.Jobs.Fetching;

/// <summary>
/// Hosts that an operator allows: "videos.example.org" is that host, "*.example.org" all that is below, and not
/// example.org itself. Pure.
/// </summary>
internal sealed class HostList(IEnumerable<string> patterns)
{
    private const string Below = "*.";

    private readonly string[] _patterns = [.. patterns];

    /// <summary>Whether nothing is allowed.</summary>
    public bool IsEmpty => _patterns.Length == 0;

    /// <summary>Whether a text can stand in the list. A pattern has to have two labels or more.</summary>
    public static bool IsPattern(string text)
    {
        var isPattern = text.StartsWith(Below, StringComparison.Ordinal);
        var host = isPattern ? text[Below.Length..] : text;
        var kind = Uri.CheckHostName(host);
        return host.All(char.IsAscii)
            && kind != UriHostNameType.Unknown
            && (!isPattern || (kind == UriHostNameType.Dns && host.Contains('.', StringComparison.Ordinal)));
    }

    /// <summary>Whether a host, as <see cref="Uri.Host"/> gives it, is in the list.</summary>
    public bool Contains(string host) => _patterns.Any(pattern =>
        pattern.StartsWith(Below, StringComparison.Ordinal)
            ? host.EndsWith(pattern[1..], StringComparison.OrdinalIgnoreCase) && host.Length >= pattern.Length
            : host.Trim('[', ']').Equals(pattern.Trim('[', ']'), StringComparison.OrdinalIgnoreCase));
}
