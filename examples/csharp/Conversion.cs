using ForegSyte.Inference.V1;
using ForegSyte.V1;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Google.Rpc;

namespace ForegSyte.Example;

/// <summary>
/// Reads messages from JSON (for example a stored results document) or protobuf, and writes them in both formats.
/// </summary>
internal static class Conversion
{
    // The last file has the details of errors, which are google.protobuf.Any.
    private static readonly TypeRegistry Types = TypeRegistry.FromFiles(
        JobServiceReflection.Descriptor, InferenceServiceReflection.Descriptor, ErrorDetailsReflection.Descriptor);

    // A newer server may write fields and values that these stubs do not know; ignore them.
    private static readonly JsonParser Parser =
        new(JsonParser.Settings.Default.WithIgnoreUnknownFields(true).WithTypeRegistry(Types));

    private static readonly JsonFormatter Formatter = new(
        JsonFormatter.Settings.Default.WithPreserveProtoFieldNames(true).WithIndentation().WithTypeRegistry(Types));

    /// <summary>Converts files of one type into a folder.</summary>
    public static void Run(string typeName, string output, IEnumerable<string> paths)
    {
        var type = Types.Find(typeName) ?? throw new ArgumentException($"There is no message {typeName}.");
        foreach (var path in paths)
        {
            var message = Path.GetExtension(path) == ".json"
                ? Parser.Parse(File.ReadAllText(path), type)
                : type.Parser.ParseFrom(File.ReadAllBytes(path));
            var target = Path.Combine(output, Path.GetFileName(path));
            File.WriteAllText(Path.ChangeExtension(target, ".json"), Formatter.Format(message));
            File.WriteAllBytes(Path.ChangeExtension(target, ".binpb"), message.ToByteArray());
        }
    }
}
