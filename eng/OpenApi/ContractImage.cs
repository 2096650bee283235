using Google.Api;
using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace ForegSyte.OpenApi;

/// <summary>The contracts with their comments, which generated code does not keep.</summary>
internal static class ContractImage
{
    /// <summary>Reads the files of a buf image, or of a FileDescriptorSet with source information.</summary>
    public static IReadOnlyList<FileDescriptor> Read(byte[] image)
    {
        var registry = new ExtensionRegistry { AnnotationsExtensions.Http };
        var files = FileDescriptorSet.Parser.WithExtensionRegistry(registry).ParseFrom(image);
        return FileDescriptor.BuildFromByteStrings(files.File.Select(file => file.ToByteString()), registry);
    }
}
