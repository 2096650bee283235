using Google.Api;
using Google.Protobuf.Reflection;

namespace ForegSyte.Hosting.Http;

/// <summary>One way to call a method over HTTP.</summary>
/// <param name="Verb">GET, POST, PUT or DELETE.</param>
/// <param name="Path">The path; its variables are fields of the request.</param>
/// <param name="Method">The method.</param>
/// <param name="Body">
/// What the body is: "*" for all fields that the path does not have, the name of a field, or empty for none.
/// </param>
internal sealed record HttpRoute(string Verb, PathTemplate Path, MethodDescriptor Method, string Body)
{
    private const string AllFields = "*";

    /// <summary>Path of the method in gRPC.</summary>
    public string GrpcPath => $"/{Method.Service.FullName}/{Method.Name}";

    /// <summary>Whether the body is a JSON object of all fields that the path does not have.</summary>
    public bool HasJsonBody => Body == AllFields;

    /// <summary>The field whose bytes are the body as they are; null where there is none.</summary>
    public FieldDescriptor? BytesField { get; } =
        Body is "" or AllFields ? null : Method.InputType.FindFieldByName(Body);

    /// <summary>The ways to call the methods of a service, as their google.api.http annotations say.</summary>
    /// <exception cref="ArgumentException">An annotation says something that this door does not know.</exception>
    public static IEnumerable<HttpRoute> Of(ServiceDescriptor service) =>
        from method in service.Methods
        let main = method.GetOptions()?.GetExtension(AnnotationsExtensions.Http)
        where main is not null
        from rule in main.AdditionalBindings.Prepend(main)
        select Make(method, rule);

    private static HttpRoute Make(MethodDescriptor method, HttpRule rule)
    {
        var (verb, path) = rule.PatternCase switch
        {
            HttpRule.PatternOneofCase.Get => ("GET", rule.Get),
            HttpRule.PatternOneofCase.Post => ("POST", rule.Post),
            HttpRule.PatternOneofCase.Put => ("PUT", rule.Put),
            HttpRule.PatternOneofCase.Delete => ("DELETE", rule.Delete),
            _ => throw new ArgumentException($"{method.FullName} has an annotation of no known verb."),
        };
        var route = new HttpRoute(verb, PathTemplate.Parse(path), method, rule.Body);
        var isKnown = rule.ResponseBody.Length == 0
            && !method.IsClientStreaming
            && !method.IsServerStreaming
            && route.Path.Variables.All(name => method.InputType.FindFieldByName(name) is not null)
            && (rule.Body is "" or AllFields || route.BytesField is { FieldType: FieldType.Bytes });
        return isKnown
            ? route
            : throw new ArgumentException($"{method.FullName} has an annotation that is not served: {rule}.");
    }
}
