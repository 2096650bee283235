using ForegSyte.Inference.V1;
using ForegSyte.Testing;
using ForegSyte.V1;
using Google.Protobuf.Reflection;

namespace ForegSyte.Contracts.Tests.Releases;

/// <summary>The descriptors of eng/contracts.sh contain all contracts and replace reflection.</summary>
[Collection(RunningServicesCollection.Name)]
public sealed class DescriptorSetTests(RunningServices services, GeneratedDescriptors generated)
    : IClassFixture<GeneratedDescriptors>
{
    private static readonly FileDescriptor[] Compiled =
    [
        JobServiceReflection.Descriptor, UploadServiceReflection.Descriptor, SearchServiceReflection.Descriptor,
        InferenceServiceReflection.Descriptor,
    ];

    [Theory]
    [InlineData("foregsyte.protoset")]
    [InlineData("foregsyte.binpb")]
    public async Task Descriptors_ContainEveryMethodAndImport(string name)
    {
        // A buf image is a FileDescriptorSet with extensions.
        var set = FileDescriptorSet.Parser.ParseFrom(
            await File.ReadAllBytesAsync(await generated.FileAsync(name), TestContext.Current.CancellationToken));
        Assert.Equal(
            Compiled.SelectMany(file => file.Services).SelectMany(service => service.Methods)
                .Select(method => method.FullName).Order(StringComparer.Ordinal),
            set.File.SelectMany(file => file.Service, (file, service) => (file, service))
                .SelectMany(pair => pair.service.Method, (pair, method) =>
                    $"{pair.file.Package}.{pair.service.Name}.{method.Name}").Order(StringComparer.Ordinal));
        var files = set.File.Select(file => file.Name).ToHashSet();
        Assert.All(set.File.SelectMany(file => file.Dependency), import => Assert.Contains(import, files));
        Assert.Contains("google/rpc/status.proto", files);
    }

    [Fact]
    public async Task Protoset_WithoutReflection_IsEnoughToCall()
    {
        var call = await Shell.RunAsync(
            $"{Shell.BufOrSkip()} curl --protocol grpc --http2-prior-knowledge "
            + $"--schema '{await generated.FileAsync("foregsyte.protoset")}#format=binpb' "
            + $"{services.Services.JobAddress}foregsyte.v1.JobService/ListPipelines",
            RepositoryFiles.Root);
        Assert.True(call.ExitCode == 0, $"buf curl failed: {call.StandardError}");
        Assert.Contains("\"yolo_ocr\"", call.StandardOutput, StringComparison.Ordinal);
    }
}
