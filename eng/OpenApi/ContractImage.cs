using Google.Api;
using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace ForegSyte.OpenApi;

/// <summary>The contracts with their comments, which generated code does not contain.</summary>
internal static class ContractImage
{
    /// <summary>Reads a buf image or a FileDescriptorSet with source information.</summary>
    public static IReadOnlyList<FileDescriptor> Read(byte[] image)
    {
        var registry = new ExtensionRegistry { AnnotationsExtensions.Http, FieldBehaviorExtensions.FieldBehavior };
        var files = FileDescriptorSet.Parser.WithExtensionRegistry(registry).ParseFrom(image);
        return FileDescriptor.BuildFromByteStrings(files.File.Select(file => file.ToByteString()), registry);
    }
}
