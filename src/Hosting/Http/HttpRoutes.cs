using Google.Protobuf.Reflection;
using HealthService = Grpc.Health.V1.Health;

namespace ForegSyte.Hosting.Http;

/// <summary>All ways to call the service over HTTP: those of its contracts, and /healthz.</summary>
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
        _routes = [.. ofContracts, new HttpRoute("GET", PathTemplate.Parse(HealthPath), check, Body: "")];
    }

    /// <summary>Whether any contract can be called this way.</summary>
    public bool HasContracts { get; }

    /// <summary>
    /// The route of a request with the values of its path; without a route where there is none, with the verbs that
    /// the path has.
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

            if (route.Verb == verb)
            {
                return (route, values, []);
            }

            verbs.Add(route.Verb);
        }

        return (null, new Dictionary<string, string>(), verbs);
    }
}
