using Google.Api;
using Google.Protobuf.Reflection;
using HealthService = Grpc.Health.V1.Health;

namespace ForegSyte.Hosting.Http;

/// <summary>The HTTP routes of a service: those of its contracts and /healthz.</summary>
internal sealed class HttpRoutes
{
    /// <summary>Path of the health check.</summary>
    public const string HealthPath = "/healthz";

    private readonly HttpRoute[] _routes;

    /// <param name="contracts">The services.</param>
    public HttpRoutes(IEnumerable<ServiceDescriptor> contracts)
    {
        HttpRoute[] ofContracts = [.. contracts.SelectMany(HttpRoute.Of)];
        HasContracts = ofContracts.Length > 0;
        var check = HealthService.Descriptor.FindMethodByName("Check");
        _routes = [.. ofContracts, new HttpRoute(
            "GET", PathTemplate.Parse(HealthPath), check, Body: "", Download: null)];
    }

    /// <summary>Whether any contract has routes.</summary>
    public bool HasContracts { get; }

    /// <summary>
    /// Finds the route of a request and the values of its path variables. If only the verb differs, returns the verbs
    /// of the path.
    /// </summary>
    public (HttpRoute? Route, IReadOnlyDictionary<string, string> Values, IReadOnlyList<string> Verbs) Find(
        string verb, string path)
    {
        var verbs = new List<string>();
        foreach (var route in _routes)
        {
            if (route.Path.Match(path) is not { } values)
            {
                continue;
            }

            if (route.Verbs.Contains(verb))
            {
                return (route, values, []);
            }

            verbs.AddRange(route.Verbs);
        }

        return (null, new Dictionary<string, string>(), verbs);
    }
}

/// <summary>A google.api.http binding of a method.</summary>
/// <param name="Verb">GET, POST, PUT, PATCH or DELETE.</param>
/// <param name="Path">Path; its variables are fields of the request, nested ones by path ("job.job_id").</param>
/// <param name="Method">The method.</param>
/// <param name="Body">
/// "*" if the body has all fields that are not in the path; the name of a field if the body is that field: raw bytes,
/// or the JSON of a message; or empty.
/// </param>
/// <param name="Download">The file that is the response; null if the response is JSON.</param>
internal sealed record HttpRoute(
    string Verb, PathTemplate Path, MethodDescriptor Method, string Body, DownloadRoute? Download)
{
    private const string AllFields = "*";

    /// <summary>The verb; also HEAD for downloads, and PUT where a body is a file, because curl -T sends it.</summary>
    public IReadOnlyList<string> Verbs =>
        IsDownload ? [Verb, "HEAD"] : BytesField is not null && Verb == "POST" ? [Verb, "PUT"] : [Verb];

    /// <summary>Whether the response is a file instead of JSON.</summary>
    public bool IsDownload => Download is not null;

    /// <summary>gRPC path of the method.</summary>
    public string GrpcPath => $"/{Method.Service.FullName}/{Method.Name}";

    /// <summary>The field that the body fills; null if the body is empty or the whole request.</summary>
    public FieldDescriptor? BodyField { get; } =
        Body is "" or AllFields ? null : Method.InputType.FindFieldByName(Body);

    /// <summary>Whether the body is a JSON object with all fields that are not in the path.</summary>
    public bool IsRequestInBody => Body == AllFields;

    /// <summary>Whether the body is a JSON object: the request or one of its messages.</summary>
    public bool HasJsonBody => IsRequestInBody || BodyField is { FieldType: FieldType.Message, IsRepeated: false };

    /// <summary>The bytes field that the raw body fills; null for none.</summary>
    public FieldDescriptor? BytesField => BodyField is { FieldType: FieldType.Bytes } ? BodyField : null;

    /// <summary>The bindings of a service from its google.api.http annotations, and its downloads.</summary>
    /// <exception cref="ArgumentException">An annotation uses an unsupported feature.</exception>
    public static IEnumerable<HttpRoute> Of(ServiceDescriptor service) =>
        from method in service.Methods
        let main = method.GetOptions()?.GetExtension(AnnotationsExtensions.Http)
        where main is not null
        from route in main.AdditionalBindings.Prepend(main)
            .Select(rule => Make(method, rule, download: null))
            .Concat(DownloadRoute.Of(method).Select(download =>
                Make(method, new HttpRule { Get = download.Path }, download)))
        select route;

    /// <summary>The field of a path such as "job.job_id"; null if it does not exist.</summary>
    public static FieldDescriptor? FieldAt(MessageDescriptor message, string path)
    {
        FieldDescriptor? field = null;
        var parent = message;
        foreach (var name in path.Split('.'))
        {
            field = parent?.FindFieldByName(name);
            parent = field is { FieldType: FieldType.Message, IsRepeated: false } ? field.MessageType : null;
        }

        return field;
    }

    private static HttpRoute Make(MethodDescriptor method, HttpRule rule, DownloadRoute? download)
    {
        var (verb, path) = rule.PatternCase switch
        {
            HttpRule.PatternOneofCase.Get => ("GET", rule.Get),
            HttpRule.PatternOneofCase.Post => ("POST", rule.Post),
            HttpRule.PatternOneofCase.Put => ("PUT", rule.Put),
            HttpRule.PatternOneofCase.Patch => ("PATCH", rule.Patch),
            HttpRule.PatternOneofCase.Delete => ("DELETE", rule.Delete),
            _ => throw new ArgumentException($"{method.FullName} has an annotation with an unsupported verb."),
        };
        var route = new HttpRoute(verb, PathTemplate.Parse(path), method, rule.Body, download);
        var isKnown = rule.ResponseBody.Length == 0
            && !method.IsClientStreaming
            && !method.IsServerStreaming
            && route.Path.Variables.All(name => FieldAt(method.InputType, name) is not null)
            && (rule.Body is "" || route.HasJsonBody || route.BytesField is not null);
        return isKnown
            ? route
            : throw new ArgumentException($"{method.FullName} has an unsupported annotation: {rule}.");
    }
}

/// <summary>
/// A path of google.api.http, for example "/v1/jobs/{job_id}:cancel": literals, variables of one segment each, and an
/// optional custom verb.
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

    /// <summary>Names of the variables in order.</summary>
    public IReadOnlyList<string> Variables { get; }

    /// <summary>Parses a template.</summary>
    /// <exception cref="ArgumentException">The template uses unsupported syntax.</exception>
    public static PathTemplate Parse(string text) => text.AsSpan().ContainsAny("*=") || !text.StartsWith('/')
        ? throw new ArgumentException($"The path {text} must consist of literals and plain variables.", nameof(text))
        : new PathTemplate(text);

    /// <summary>Matches a path and returns the values of the variables; null if it does not match.</summary>
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

    /// <summary>Ids contain no colon, so a colon in the last segment starts a custom verb.</summary>
    private static (string[] Segments, string Verb) Split(string path)
    {
        var colon = path.IndexOf(':', path.LastIndexOf('/') + 1);
        return colon < 0 ? (path.Split('/'), "") : (path[..colon].Split('/'), path[(colon + 1)..]);
    }
}
