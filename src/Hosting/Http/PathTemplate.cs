namespace ForegSyte.Hosting.Http;

/// <summary>
/// A path of google.api.http, for example "/v1/jobs/{job_id}:cancel": literals, variables of one segment each, and a
/// verb at the end. Pure.
/// </summary>
internal sealed class PathTemplate
{
    private readonly string _text;
    private readonly string[] _segments;
    private readonly string _verb;

    private PathTemplate(string text)
    {
        _text = text;
        (_segments, _verb) = Split(text);
        Variables = [.. _segments.Where(IsVariable).Select(NameOf)];
    }

    /// <summary>Names of the variables, in their order.</summary>
    public IReadOnlyList<string> Variables { get; }

    /// <summary>Reads a template.</summary>
    /// <exception cref="ArgumentException">It uses more of the syntax than this service's contracts do.</exception>
    public static PathTemplate Parse(string text) => text.AsSpan().ContainsAny("*=") || !text.StartsWith('/')
        ? throw new ArgumentException($"The path {text} is not made of literals and plain variables.", nameof(text))
        : new PathTemplate(text);

    /// <summary>The values of the variables where a path is one of these; otherwise null.</summary>
    public IReadOnlyDictionary<string, string>? Match(string path)
    {
        var (segments, verb) = Split(path);
        if (verb != _verb || segments.Length != _segments.Length)
        {
            return null;
        }

        var values = new Dictionary<string, string>();
        foreach (var (expected, actual) in _segments.Zip(segments))
        {
            if (IsVariable(expected) && actual.Length > 0)
            {
                values[NameOf(expected)] = actual;
            }
            else if (expected != actual)
            {
                return null;
            }
        }

        return values;
    }

    /// <inheritdoc />
    public override string ToString() => _text;

    private static bool IsVariable(string segment) => segment.StartsWith('{');

    private static string NameOf(string segment) => segment[1..^1];

    /// <summary>No id of this service has a colon in it: what follows one in the last segment is a verb.</summary>
    private static (string[] Segments, string Verb) Split(string path)
    {
        var colon = path.IndexOf(':', path.LastIndexOf('/') + 1);
        return colon < 0 ? (path.Split('/'), "") : (path[..colon].Split('/'), path[(colon + 1)..]);
    }
}
