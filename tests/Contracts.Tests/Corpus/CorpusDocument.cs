using System.Text.Json;
using System.Text.Json.Nodes;
using ForegSyte.Protocol.Json;
using ForegSyte.Testing;
using ForegSyte.V1;
using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace ForegSyte.Contracts.Tests.Corpus;

/// <summary>A message of the contracts as a file, as some version of the services may have written it.</summary>
internal static class CorpusDocument
{
    private static readonly string Root =
        Path.Combine(RepositoryFiles.Root, "tests", "Contracts.Tests", "Corpus", "Documents");

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    private static readonly TypeRegistry Types =
        TypeRegistry.FromFiles(JobServiceReflection.Descriptor, ResultsReflection.Descriptor);

    /// <summary>The documents of a type that every language reads alike.</summary>
    public static IReadOnlyList<string> Of(string type) => Directory.GetFiles(Path.Combine(Root, type), "*.json");

    /// <summary>A job whose status and wait reason have names that these contracts do not have.</summary>
    public static string UnknownStatusName => Path.Combine(Root, "newer", "unknown_status_name.json");

    /// <summary>Reads JSON as a type, passing over what is unknown.</summary>
    public static IMessage Parse(string type, string json) => ForegSyteJson.Parser.Parse(json, Types.Find(type));

    /// <summary>Reads JSON as a type; whatever is unknown is an error.</summary>
    public static IMessage ParseStrictly(string type, string json) =>
        ForegSyteJson.StrictParser.Parse(json, Types.Find(type));

    /// <summary>Reads protobuf as a type.</summary>
    public static IMessage Parse(string type, byte[] bytes) => Types.Find(type).Parser.ParseFrom(bytes);

    /// <summary>
    /// The one text of a message. Messages are compared by it, since NaN has many bit patterns; the entries of maps,
    /// which have no order, are sorted.
    /// </summary>
    public static string Text(IMessage message) =>
        Sorted(JsonNode.Parse(ForegSyteJson.Formatter.Format(message)))!.ToJsonString(Indented);

    private static JsonNode? Sorted(JsonNode? node) => node switch
    {
        JsonObject entries => new JsonObject(entries.OrderBy(entry => entry.Key, StringComparer.Ordinal)
            .Select(entry => KeyValuePair.Create(entry.Key, Sorted(entry.Value)))),
        JsonArray elements => new JsonArray([.. elements.Select(Sorted)]),
        _ => node?.DeepClone(),
    };
}
