using ForegSyte.Inference.V1;
using ForegSyte.V1;
using Google.Protobuf.Reflection;

namespace ForegSyte.Protocol.Tests.Contracts;

/// <summary>The files of the contracts, without those of Google.</summary>
internal static class ContractFiles
{
    private static readonly string[] Packages = ["foregsyte.v1", "foregsyte.inference.v1"];

    /// <summary>All files.</summary>
    public static readonly IReadOnlyList<FileDescriptor> All =
    [
        .. WithDependencies(
            JobServiceReflection.Descriptor, UploadServiceReflection.Descriptor, SearchServiceReflection.Descriptor,
            InferenceServiceReflection.Descriptor, ResultsReflection.Descriptor),
    ];

    private static IEnumerable<FileDescriptor> WithDependencies(params IEnumerable<FileDescriptor> files) => files
        .SelectMany(file => WithDependencies(file.Dependencies).Prepend(file))
        .Where(file => Packages.Contains(file.Package))
        .DistinctBy(file => file.Name);
}
